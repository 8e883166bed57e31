// first error: ignoring return value of
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    store.wait_for_append({}, std::chrono::seconds{1});
}
