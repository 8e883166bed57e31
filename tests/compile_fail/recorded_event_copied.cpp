// some diagnostic: keep_an_owned_event_instead
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    for (const auto& event : store.read_all().events()) {
        const stele::recorded_event kept = event;
        (void)kept;
    }
}
