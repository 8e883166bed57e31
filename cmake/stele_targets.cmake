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

# stele_library(NAME FOLDER [EXCEPT SUBFOLDER...]): the library stele::NAME of every .cpp, .proto and public header under
# FOLDER (in the sources and in include/stele), and of the umbrella include/stele/NAME.hpp.
function(stele_library name folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "EXCEPT")
  set(target stele_${name})
  set(include ${PROJECT_SOURCE_DIR}/include)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.proto)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${include}/stele/${folder}/*.hpp)
  foreach(part IN LISTS arg_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "/${folder}/${part}/")
    list(FILTER headers EXCLUDE REGEX "/${folder}/${part}/")
  endforeach()
  if(EXISTS ${include}/stele/${name}.hpp)
    list(APPEND headers ${include}/stele/${name}.hpp)
  endif()

  add_library(${target} ${sources})
  add_library(stele::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
    DEFINE_SYMBOL "" INSTALL_RPATH "$ORIGIN" VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${include} FILES ${headers})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  stele_warnings(${target})
  if(protos)
    stele_proto(${target}_messages ${protos})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_messages>)
    target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
    add_dependencies(${target} ${target}_messages)
  endif()
  set_property(GLOBAL APPEND PROPERTY STELE_LIBRARIES ${target})
endfunction()

# stele_proto(TARGET FILE... [ROOT FOLDER]): an object library of the messages in the files, without our warnings.
# A message's header is included by its path below FOLDER, or by its name alone. (Not protobuf_generate: it makes the path
# below the CMakeLists.txt a part of each file's name, and with that a part of every recorded schema.)
function(stele_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROOT" "")
  set(out ${CMAKE_CURRENT_BINARY_DIR})
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    cmake_path(ABSOLUTE_PATH file)
    cmake_path(GET file PARENT_PATH root)
    if(arg_ROOT)
      set(root ${arg_ROOT})
    endif()
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${root} OUTPUT_VARIABLE name)
    cmake_path(REMOVE_EXTENSION name)
    add_custom_command(OUTPUT ${out}/${name}.pb.h ${out}/${name}.pb.cc
      COMMAND protobuf::protoc --proto_path=${root} --cpp_out=${out} ${file}
      DEPENDS ${file} protobuf::protoc COMMENT "Generating ${name}.pb.cc" VERBATIM)
    list(APPEND generated ${out}/${name}.pb.h ${out}/${name}.pb.cc)
  endforeach()
  add_library(${target} OBJECT ${generated})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_CLANG_TIDY "")
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_compile_options(${target} PRIVATE -w)
endfunction()
