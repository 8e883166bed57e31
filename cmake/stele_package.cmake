# cpack: the package libstele-dev for Debian, with the static libraries.
include_guard()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libstele-dev)
set(CPACK_PACKAGE_VENDOR "Stele")
set(CPACK_PACKAGE_CONTACT "The Stele authors <stele@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "${PROJECT_DESCRIPTION}
 Aggregates decide commands into versioned events, an append-only store keeps
 them, projections replay them into read models. Headers, static libraries,
 and what CMake and pkg-config read.")
# What the headers include and what is linked into a program; protoc makes the messages of the user.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libsqlite3-dev (>= 3.40), libprotobuf-dev (>= 3.21), protobuf-compiler (>= 3.21), libfmt-dev (>= 9), libssl-dev (>= 3.0), libboost1.81-dev | libboost-dev (>= 1.81)")
include(CPack)
