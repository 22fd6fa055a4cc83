# The installed libraries. Each half holds the rooms below it, so a program links one of them alone.
include(CMakePackageConfigHelpers)
# From <prefix>/<libdir>/pkgconfig back to <prefix>, so that the installed tree can be moved.
file(RELATIVE_PATH LK_PC_UP /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
string(REGEX REPLACE "/$" "" LK_PC_UP ${LK_PC_UP})
set(LK_BELOW lk_base lk_msg lk_crypto lk_store lk_pki)

# installed(<name> <private libraries of pkg-config> <objects>...)
function(installed name pc_private)
    set(objects "")
    foreach(room ${ARGN})
        if(NOT TARGET ${room})
            return()
        endif()
        list(APPEND objects $<TARGET_OBJECTS:${room}_objects>)
    endforeach()
    add_library(latchkey_${name} STATIC ${objects})
    set_target_properties(latchkey_${name} PROPERTIES LINKER_LANGUAGE C EXPORT_NAME ${name})
    target_include_directories(latchkey_${name} INTERFACE
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    add_library(latchkey::${name} ALIAS latchkey_${name})
    install(TARGETS latchkey_${name} EXPORT latchkey ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    set(LK_PC_NAME ${name})
    set(LK_PC_PRIVATE ${pc_private})
    configure_file(cmake/latchkey.pc.in ${CMAKE_BINARY_DIR}/latchkey_${name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/latchkey_${name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

installed(vehicle "" lk_vehicle ${LK_BELOW})
installed(applet "" lk_applet ${LK_BELOW})
installed(device "" lk_device ${LK_BELOW})
installed(openssl "-lcrypto" lk_openssl)
installed(bearssl "-lbearssl" lk_bearssl)
installed(posix "" lk_posix)
installed(x86 "" lk_x86)
if(TARGET latchkey_openssl)
    target_link_libraries(latchkey_openssl INTERFACE crypto)
endif()
if(TARGET latchkey_bearssl)
    target_link_libraries(latchkey_bearssl INTERFACE bearssl)
endif()

install(DIRECTORY include/latchkey DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
install(DIRECTORY spec/facts DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/latchkey
    FILES_MATCHING PATTERN "*.def")
if(TARGET latchkey)
    install(TARGETS latchkey RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
set(LK_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/latchkey)
if(TARGET latchkey_vehicle OR TARGET latchkey_applet OR TARGET latchkey_device)
    install(EXPORT latchkey NAMESPACE latchkey:: FILE latchkey-config.cmake
        DESTINATION ${LK_PACKAGE})
    write_basic_package_version_file(${CMAKE_BINARY_DIR}/latchkey-config-version.cmake
        COMPATIBILITY SameMinorVersion)
    install(FILES ${CMAKE_BINARY_DIR}/latchkey-config-version.cmake DESTINATION ${LK_PACKAGE})
endif()
