// first error: ignoring return value of
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    store.truncate_stream(stele::stream_id{"account-1"}, {2});
}
