// first error: no event in the `events` of this consumer has a `tags_of`, so there is nothing to add
#include "testing.pb.h"

#include <stele/codec.hpp>

namespace hana = boost::hana;

struct untagged_events {
    static constexpr auto events = hana::tuple_t<testing::Incremented, testing::Decremented>;
};

void wrong(stele::event_store& store) {
    stele::tag_stored_events<untagged_events>(store);
}
