// all errors
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>

namespace hana = boost::hana;
using testing::CounterOpened;
using testing::Decremented;
using testing::Increment;
using testing::Incremented;

inline constexpr stele::tag_key<"counter"> counter_tag;
inline constexpr stele::tag_key<"owner"> owner_tag;

namespace testing {
inline auto tags_of(const Incremented& e) {
    return counter_tag(e.by());
}
inline auto tags_of(const CounterOpened& e) {
    return stele::tags(counter_tag(e.label()), owner_tag(e.label()));
}
}  // namespace testing

/// A whole model; each of those below has one function in another form.
template <class Model>
struct right {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static auto boundary(const auto& command) { return counter_tag(command.counter()); }
    stele::decision<Model> decide(const Increment&) const { return stele::no_change(); }
    void evolve(const CounterOpened&) {}
    void evolve(const Incremented&) {}
};
struct is_right : right<is_right> {};
static_assert(stele::detail::check_decider<is_right>());

// error: no event in the `events` of this model, or part, carries the tags that its boundary names
struct no_event_carries_the_tag : right<no_event_carries_the_tag> {
    static constexpr auto events = hana::tuple_t<Incremented>;
    static auto boundary(const auto& command) { return owner_tag(command.counter()); }
};
static_assert(stele::detail::check_decider<no_event_carries_the_tag>());

// error: no event in the `events` of this model, or part, carries the tags that its boundary names
struct no_event_carries_both : right<no_event_carries_both> {
    static constexpr auto events = hana::tuple_t<Incremented>;
    static auto boundary(const auto& command) {
        return stele::any_of(counter_tag(command.counter()),
                             stele::tags(counter_tag(command.counter()), owner_tag(command.counter())));
    }
};
static_assert(stele::detail::check_decider<no_event_carries_both>());

// error: several tags: say stele::any_of(seats) (one of them) or stele::tags(seats) (all of them)
struct boundary_of_several : right<boundary_of_several> {
    static auto boundary(const auto& command) { return std::vector{counter_tag(command.counter())}; }
};
static_assert(stele::detail::check_decider<boundary_of_several>());

// error: `boundary` returns something else than tags: return one that a stele::tag_key has made
struct boundary_of_nothing : right<boundary_of_nothing> {
    static auto boundary(const auto&) { return stele::tags(); }
};
static_assert(stele::detail::check_decider<boundary_of_nothing>());

// error: `boundary` returns something else than tags: return one that a stele::tag_key has made
struct boundary_of_text : right<boundary_of_text> {
    static std::string boundary(const auto& command) { return "counter:" + command.counter(); }
};
static_assert(stele::detail::check_decider<boundary_of_text>());

// error: make `boundary` a static function that takes the command by const reference
struct boundary_of_state : right<boundary_of_state> {
    auto boundary(const Increment& command) { return counter_tag(command.counter()); }
};
static_assert(stele::detail::check_decider<boundary_of_state>());

// error: add a public `static auto boundary(const Command& command)` to the decision model
struct no_boundary_for_command : right<no_boundary_for_command> {
    static auto boundary(const testing::Decrement& command) { return counter_tag(command.counter()); }
};
static_assert(stele::detail::check_decider<no_boundary_for_command>());

// error: this event is in the `events` of a decision model, or of a part of one: add a public
struct no_evolve : right<no_evolve> {
    void evolve(const CounterOpened&) {}
};
static_assert(stele::detail::check_decider<no_evolve>());

// error: make `decide` of this command const
struct decide_not_const : right<decide_not_const> {
    stele::decision<decide_not_const> decide(const Increment&) { return stele::no_change(); }
};
static_assert(stele::detail::check_decider<decide_not_const>());

// error: `stream` of this command has another form: make it `static stele::stream_id stream(const Command& command);`
struct stream_of_text : right<stream_of_text> {
    std::string stream(const Increment& command) const { return command.counter(); }
};
static_assert(stele::detail::check_decider<stream_of_text>());

struct fold {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
    void evolve(const CounterOpened&) {}
    void evolve(const Incremented&) {}
};
// error: this event is in the `events` of a part, and carries none of the tags that the boundary names for it
struct event_that_no_part_gets : right<event_that_no_part_gets> {
    static auto boundary(const auto& command) {
        return stele::parts(stele::part(&event_that_no_part_gets::own, owner_tag(command.counter())));
    }
    fold own;
};
static_assert(stele::detail::check_decider<event_that_no_part_gets>());

// error: stele::part takes a member of the model and the tag of the events that it folds
struct part_without_tag : right<part_without_tag> {
    static auto boundary(const auto& command) { return stele::part(&part_without_tag::own, command.counter()); }
    is_right own;
};
template auto part_without_tag::boundary(const Increment&);

// error: several tags: say stele::any_of(seats) (one of them) or stele::tags(seats) (all of them)
struct part_of_several : right<part_of_several> {
    static auto boundary(const auto& command) {
        return stele::part(&part_of_several::own, std::vector{stele::tags(counter_tag(command.counter()))});
    }
    is_right own;
};
template auto part_of_several::boundary(const Increment&);

// error: stele::tags takes tags that a stele::tag_key has made
void of_text() {
    stele::tags("counter:1");
}

// error: stele::any_of takes tags that a stele::tag_key has made
void any_text() {
    stele::any_of("counter:1");
}

// error: stele::any_of takes tags that a stele::tag_key has made
void any_of_none() {
    stele::any_of();
}
