// first error: ignoring return value of
#include "support/counter.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    stele::command_bus<testing::counter> bus{store};
    bus.dispatch("testing.Increment", "");
}
