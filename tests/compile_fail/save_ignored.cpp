// first error: ignoring return value of
#include "support/counter.hpp"

#include <stele/aggregates/repository.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

int main() {
    stele::memory_store store;
    const stele::repository<testing::counter> counters{store};
    auto known = counters.load("1");
    counters.save("1", known, known.state.decide(testing::Increment{}));
}
