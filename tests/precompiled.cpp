// Something to compile with the precompiled header.
#include "precompiled.hpp"
