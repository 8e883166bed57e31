# What only the project itself wants, never one that it is a part of. Each can be set otherwise on the command line.
include_guard()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo" FORCE)
endif()

if(NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
  set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
endif()

# Compiles every public header alone: the target all_verify_interface_header_sets.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

find_program(STELE_CCACHE ccache)
if(STELE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STELE_CCACHE})
endif()
mark_as_advanced(STELE_CCACHE)

set(CMAKE_CXX_EXTENSIONS OFF)
