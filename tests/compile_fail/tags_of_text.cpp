// first error: `tags_of` of this event returns something else than tags
#include "testing.pb.h"

#include <stele/codec/codec.hpp>

namespace testing {
inline std::string tags_of(const Incremented& e) {
    return "counter:" + std::to_string(e.by());
}
}  // namespace testing

auto wrong = stele::encode(testing::Incremented{});
