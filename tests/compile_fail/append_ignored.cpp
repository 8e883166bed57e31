// first error: ignoring return value of
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    store.append(stele::stream_id{"account-1"}, stele::expected_version::any(), {.type = "test.Happened"});
}
