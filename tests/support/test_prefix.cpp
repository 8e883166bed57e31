// Something to compile with the precompiled header.
#include "test_prefix.hpp"
