// first error: states must be comparable
#include "support/counter.hpp"

#include <stele/testing/check_determinism.hpp>

int main() {
    stele::check_determinism<testing::counter>(testing::opened());
}
