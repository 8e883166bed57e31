// must compile alone
#include "testing.pb.h"

#include <stele/projections.hpp>

// A rule needs no header of another wing.
std::optional<stele::rejection> rule(bool is_enough) {
    if (!is_enough) return stele::reject("not_enough", "it is not enough");
    return {};
}
