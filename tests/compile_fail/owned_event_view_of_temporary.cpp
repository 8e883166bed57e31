// first error: deleted
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    for (const auto& event : store.read_all().events()) (void)stele::owned_event(event).view();
}
