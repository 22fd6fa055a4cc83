# The programs: one command-line binary, and the benchmark.
function(program name)
    target_link_libraries(${name} PRIVATE lk_flags)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/spec
        ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/ports)
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE
        LATCHKEY_VERSION="${PROJECT_VERSION}")
    target_link_options(${name} PRIVATE -Wl,--gc-sections)
endfunction()

if(LATCHKEY_HOST)
    pkg_check_modules(LK_JANSSON REQUIRED IMPORTED_TARGET jansson)
    pkg_check_modules(LK_QRENCODE REQUIRED IMPORTED_TARGET libqrencode)
    file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
    if(LATCHKEY_DEBUG_SECRETS)
        # Session keys go into the trace file. For the bench alone; never ship such a build.
        list(FILTER cli_sources EXCLUDE REGEX "/secrets_off\\.c$")
        list(APPEND cli_sources ${CMAKE_SOURCE_DIR}/cli/debug/secrets_on.c)
    endif()
    if(cli_sources)
        add_executable(latchkey ${cli_sources})
        program(latchkey)
        target_link_libraries(latchkey PRIVATE ${LK_ALL} PkgConfig::LK_JANSSON
            PkgConfig::LK_QRENCODE OpenSSL::Crypto)
    endif()
    file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
    if(bench_sources)
        add_executable(bench ${bench_sources}
            ${CMAKE_SOURCE_DIR}/tests/support/ca.c)
        program(bench)
        target_include_directories(bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
        target_link_libraries(bench PRIVATE ${LK_ALL} OpenSSL::Crypto)
    endif()
endif()
