// In a file of its own, so that a test can say that the machine was started anew.

#include "projections/generations/shadow_file.hpp"

#include <fstream>

namespace stele::inline v0::detail {

std::string boot_id() {
    // random(4), "boot_id": drawn once each time the machine starts.
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace stele::inline v0::detail
