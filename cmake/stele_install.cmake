# Installs the libraries, the public headers, and what find_package(stele) and pkg-config read.
include_guard()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/stele)

# Where an installed library needs something, and what find_package calls it.
set(package_of_Threads::Threads "Threads")
set(package_of_SQLite::SQLite3 "SQLite3 3.40")
set(package_of_protobuf::libprotobuf "Protobuf 3.21")
set(package_of_fmt::fmt "fmt 9")
set(package_of_OpenSSL::Crypto "OpenSSL 3.0")
set(package_of_Boost::headers "Boost 1.81")  # Hana

# A component is a target with an export file of its own. What each stands on is read from what it links; of a static
# library that includes what only its sources use.
get_property(libraries GLOBAL PROPERTY STELE_LIBRARIES)
foreach(target IN LISTS libraries ITEMS stele)
  get_target_property(component ${target} EXPORT_NAME)
  if(NOT component)
    set(component ${target})
  endif()
  list(APPEND components ${component})
  install(TARGETS ${target} EXPORT stele-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT stele-${component} NAMESPACE stele:: FILE stele-${component}.cmake DESTINATION ${package_dir})

  set(uses "")
  set(packages "")
  get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" link "${link}")
    if(link MATCHES "^stele::(.*)$")
      list(APPEND uses ${CMAKE_MATCH_1})
    elseif(DEFINED package_of_${link})
      list(APPEND packages "${package_of_${link}}")
    elseif(NOT link MATCHES "^\\$<TARGET_OBJECTS:")
      message(FATAL_ERROR "${target} links ${link}: say in cmake/stele_install.cmake which package that is.")
    endif()
  endforeach()
  string(APPEND component_tables "set(stele_${component}_uses ${uses})\nset(stele_${component}_packages")
  foreach(package IN LISTS packages)
    string(APPEND component_tables " \"${package}\"")
  endforeach()
  string(APPEND component_tables ")\n")
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/stele-config.cmake.in ${PROJECT_BINARY_DIR}/stele-config.cmake
  INSTALL_DESTINATION ${package_dir})
configure_file(${CMAKE_CURRENT_LIST_DIR}/stele-config-version.cmake.in ${PROJECT_BINARY_DIR}/stele-config-version.cmake
  @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stele-config.cmake ${PROJECT_BINARY_DIR}/stele-config-version.cmake
  DESTINATION ${package_dir})

# For pkg-config: all but stele::testing, which is the topmost; who stands on others comes before them.
set(pc_libraries ${libraries})
list(REMOVE_ITEM pc_libraries stele_testing)
list(REVERSE pc_libraries)
list(TRANSFORM pc_libraries PREPEND "-l")
list(JOIN pc_libraries " " pc_libraries)
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# The prefix is found from where the file lies, so that the installed tree can be moved. A directory that was given as
# an absolute path stays what it is.
set(pc_prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pc_dir} OUTPUT_VARIABLE pc_prefix)
  string(PREPEND pc_prefix "\${pcfiledir}/")
endif()
foreach(dir IN ITEMS LIBDIR INCLUDEDIR)
  string(TOLOWER pc_${dir} variable)
  set(${variable} ${CMAKE_INSTALL_${dir}})
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    string(PREPEND ${variable} "\${prefix}/")
  endif()
endforeach()
# A user of the static libraries links what they use; one of the shared libraries only what the headers use.
set(pc_requires "protobuf >= 3.21, fmt >= 9")
set(pc_requires_inside "sqlite3 >= 3.40, libcrypto >= 3.0")
if(BUILD_SHARED_LIBS)
  set(pc_requires_private ${pc_requires_inside})
else()
  string(APPEND pc_requires ", ${pc_requires_inside}")
  set(pc_requires_private "")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/stele.pc.in ${PROJECT_BINARY_DIR}/stele.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stele.pc DESTINATION ${pc_dir})
