// first error: add it to the `events` of the model or of a part
#include "testing.pb.h"

#include <stele/commands.hpp>
#include <stele/testing.hpp>

inline constexpr stele::tag_key<"counter"> counter_tag;

namespace testing {
inline auto tags_of(const Incremented& e) {
    return counter_tag(e.by());
}
}  // namespace testing

struct model {
    static constexpr auto events = boost::hana::tuple_t<testing::Incremented>;
    static constexpr auto commands = boost::hana::tuple_t<testing::Increment>;
    static auto boundary(const testing::Increment& command) { return counter_tag(command.counter()); }
    stele::decision<model> decide(const testing::Increment&) const { return stele::no_change(); }
    void evolve(const testing::Incremented&) {}
    friend bool operator==(const model&, const model&) = default;
};

auto wrong = stele::given<model>(testing::Decremented{}).when(testing::Increment{});
