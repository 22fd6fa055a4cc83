# tests/<kind>/<file>.c is one program and one test, <kind>.<file>. A file that does not compile
# stops its own program only. What a test prints is kept in <build>/test-results/.
set(LK_RESULTS ${CMAKE_BINARY_DIR}/test-results)
set(LK_RECORD ${CMAKE_SOURCE_DIR}/tools/record_test ${LK_RESULTS})
set(LK_TEST_ENVIRONMENT
    "LATCHKEY_SOURCE=${CMAKE_SOURCE_DIR}" "LATCHKEY_BUILD=${CMAKE_BINARY_DIR}"
    "LATCHKEY_BIN=${CMAKE_BINARY_DIR}/latchkey")
pkg_check_modules(LK_CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(LK_GNUTLS IMPORTED_TARGET gnutls)
find_program(LK_VALGRIND valgrind)

file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.c)
if(support_sources)
    add_library(lk_test_support STATIC EXCLUDE_FROM_ALL ${support_sources})
    program(lk_test_support)
    target_include_directories(lk_test_support PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(lk_test_support PRIVATE PkgConfig::LK_CMOCKA PkgConfig::LK_JANSSON
        OpenSSL::Crypto)
endif()

# Everything a test may link: the fixtures, all rooms, all ports and the libraries of the judges.
function(test_program name)
    add_executable(${name} ${ARGN})
    program(${name})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    set(group ${LK_EVERYTHING})
    if(TARGET lk_test_support)
        list(PREPEND group lk_test_support)
    endif()
    list(JOIN group "," group)
    if(group)
        target_link_libraries(${name} PRIVATE "$<LINK_GROUP:RESCAN,${group}>")
    endif()
    target_link_libraries(${name} PRIVATE PkgConfig::LK_CMOCKA PkgConfig::LK_JANSSON
        OpenSSL::Crypto m)
    if(name MATCHES "judges" AND LK_GNUTLS_FOUND)
        target_link_libraries(${name} PRIVATE PkgConfig::LK_GNUTLS)
    endif()
    if(name MATCHES "pcsc" AND LK_PCSCLITE_FOUND)
        target_link_libraries(${name} PRIVATE PkgConfig::LK_PCSCLITE)
    endif()
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

function(lk_test name)
    add_test(NAME ${name} COMMAND ${LK_RECORD} ${name} ${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${LATCHKEY_TEST_TIMEOUT} SKIP_RETURN_CODE 77
        ENVIRONMENT "${LK_TEST_ENVIRONMENT}")
    if(name MATCHES "pcsc")
        # One PC/SC stack at a time.
        set_tests_properties(${name} PROPERTIES RESOURCE_LOCK pcsc)
    endif()
endfunction()

if(LATCHKEY_HOST AND NOT LATCHKEY_FUZZ)
    foreach(kind unit prefix roundtrip table sim rogue fault vectors e2e cli ct)
        file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*.c)
        file(GLOB suppressions ${CMAKE_SOURCE_DIR}/tests/${kind}/*.supp)
        list(TRANSFORM suppressions PREPEND "--suppressions=")
        foreach(file ${files})
            get_filename_component(stem ${file} NAME_WE)
            test_program(test_${kind}_${stem} ${file})
            if(NOT kind STREQUAL ct)
                lk_test(${kind}.${stem} $<TARGET_FILE:test_${kind}_${stem}>)
            elseif(LK_VALGRIND)
                lk_test(${kind}.${stem} ${LK_VALGRIND} --error-exitcode=9 -q ${suppressions}
                    --suppressions=${CMAKE_SOURCE_DIR}/tests/ct/declassified.supp
                    $<TARGET_FILE:test_${kind}_${stem}>)
            endif()
        endforeach()
        file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*.sh)
        foreach(script ${scripts})
            get_filename_component(stem ${script} NAME_WE)
            lk_test(${kind}.${stem} bash ${script})
        endforeach()
    endforeach()
endif()

# tests/fuzz/fuzz_<x>.c: a plain replay over tests/fuzz/corpus/<x>, or a real fuzz program.
file(GLOB fuzz_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
foreach(file ${fuzz_files})
    get_filename_component(stem ${file} NAME_WE)
    string(REPLACE "fuzz_" "" subject ${stem})
    if(LATCHKEY_FUZZ)
        test_program(${stem} ${file})
        target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    elseif(LATCHKEY_HOST)
        test_program(replay_${subject} ${file} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c)
        lk_test(fuzz.${subject} $<TARGET_FILE:replay_${subject}>
            ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${subject})
    endif()
endforeach()
if(EXISTS ${CMAKE_SOURCE_DIR}/cmake/checks.cmake)
    include(cmake/checks.cmake)
endif()
