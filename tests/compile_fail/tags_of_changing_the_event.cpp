// first error: `tags_of` of this event has another form: take it by const reference
#include "testing.pb.h"

#include <stele/codec/codec.hpp>

inline constexpr stele::tag_key<"counter"> counter_tag;

namespace testing {
inline auto tags_of(Incremented& e) {
    return counter_tag(e.by());
}
}  // namespace testing

auto wrong = stele::encode(testing::Incremented{});
