# How every target of the project is made: language level, warnings, include paths, generated messages.
include_guard()
include(GNUInstallDirs)

# The warnings of our own code; stele_top_level makes them errors.
function(stele_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
    -Woverloaded-virtual -Wold-style-cast)
  # GCC 12 sees an overlap in every optimised `"text" + string` (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
endfunction()

# stele_library(NAME): a static library of every .cpp under the folder, exported as stele::NAME.
function(stele_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(stele_${name} STATIC ${sources})
  add_library(stele::${name} ALIAS stele_${name})
  set_target_properties(stele_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(stele_${name} PUBLIC cxx_std_23)
  set_target_properties(stele_${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_include_directories(stele_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(stele_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  stele_warnings(stele_${name})
endfunction()

# stele_proto(TARGET FILE...): an object library of the messages in the files, without our warnings.
function(stele_proto target)
  add_library(${target} OBJECT ${ARGN})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_CLANG_TIDY "")
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_compile_options(${target} PRIVATE -w)
  protobuf_generate(TARGET ${target} LANGUAGE cpp IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR}
    PROTOC_OUT_DIR ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
