# One dialect and one set of warnings for the whole house.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Assertions stay on in every build: they are checks for our own bugs and are cheap.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os")

add_library(lk_flags INTERFACE)
target_compile_options(lk_flags INTERFACE
    -Wall -Wextra -Wconversion -Wpedantic -Wshadow -Wundef -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-qual -ffunction-sections -fdata-sections
    -fstack-protector-strong
    $<$<BOOL:${LATCHKEY_WERROR}>:-Werror>)
if(LATCHKEY_SANITIZE)
    target_compile_options(lk_flags INTERFACE
        -fsanitize=${LATCHKEY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(lk_flags INTERFACE -fsanitize=${LATCHKEY_SANITIZE})
endif()
if(LATCHKEY_FUZZ)
    target_compile_options(lk_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(LATCHKEY_COVERAGE)
    target_compile_options(lk_flags INTERFACE --coverage -O0)
    target_link_options(lk_flags INTERFACE --coverage)
endif()
