#pragma once

/// The version of the library. This is the only place where it stands; the build reads it from here.
#define STELE_VERSION_MAJOR 0
#define STELE_VERSION_MINOR 2
#define STELE_VERSION_PATCH 0
