# cmake -Dbuild=FOLDER -Dout=FOLDER -P deb.cmake: makes the package of the build, looks at what it says, unpacks it to
# OUT/root.
file(REMOVE_RECURSE ${out})
file(MAKE_DIRECTORY ${out})
execute_process(COMMAND ${CMAKE_CPACK_COMMAND} --config ${build}/CPackConfig.cmake -B ${out}
  -D CPACK_DEBIAN_COMPRESSION_TYPE=zstd WORKING_DIRECTORY ${out} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${out}/libstele-dev_*.deb)
execute_process(COMMAND dpkg-deb --field ${package} OUTPUT_VARIABLE fields COMMAND_ERROR_IS_FATAL ANY)
foreach(field IN ITEMS "Package: libstele-dev" "Version: ${version}" "Section: libdevel" "libsqlite3-dev (>= 3.40)"
    "libprotobuf-dev (>= 3.21)" "libfmt-dev (>= 9)" "libssl-dev (>= 3.0)" "libboost1.81-dev")
  string(FIND "${fields}" "${field}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "the package does not say \"${field}\" but\n${fields}")
  endif()
endforeach()
execute_process(COMMAND dpkg -x ${package} ${out}/root COMMAND_ERROR_IS_FATAL ANY)
