// must compile
// What returns a view of its object, a reference or pointer into it, or an iterator, cannot be called on a temporary,
// which is gone before the view is used.
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/processes/reaction.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <utility>

// The call compiles for an object that lives on, and not for a temporary, const or not.
#define STELE_REFUSES_TEMPORARY(type, call)                                                                  \
    static_assert([]<class T>(T*) { return requires(T& kept) { kept.call; }; }((type*)nullptr));             \
    static_assert(![]<class T>(T*) { return requires(T& gone) { std::move(gone).call; }; }((type*)nullptr)); \
    static_assert(![]<class T>(T*) { return requires(const T& gone) { std::move(gone).call; }; }((type*)nullptr))

struct counter {
    static constexpr auto category = "counter";
    static constexpr auto events = boost::hana::tuple_t<testing::Incremented>;
};
using decision = stele::decision<counter>;
using rows = stele::rows<int>;

STELE_REFUSES_TEMPORARY(stele::stream_id, category());
STELE_REFUSES_TEMPORARY(stele::stream_id, instance_id());
STELE_REFUSES_TEMPORARY(stele::uuid, as_bytes());
STELE_REFUSES_TEMPORARY(stele::owned_event, view());
STELE_REFUSES_TEMPORARY(stele::event_batch, begin());
STELE_REFUSES_TEMPORARY(stele::event_batch, end());
STELE_REFUSES_TEMPORARY(stele::event_batch, front());
STELE_REFUSES_TEMPORARY(stele::event_batch, back());
STELE_REFUSES_TEMPORARY(stele::event_batch, operator[](0));
STELE_REFUSES_TEMPORARY(stele::event_range, begin());
STELE_REFUSES_TEMPORARY(stele::event_sequence, begin());
STELE_REFUSES_TEMPORARY(stele::event_store, limits());
STELE_REFUSES_TEMPORARY(stele::event_store, read_all());
STELE_REFUSES_TEMPORARY(stele::memory_store, read_stream(stele::stream_id{"a-1"}));
STELE_REFUSES_TEMPORARY(decision, events());
STELE_REFUSES_TEMPORARY(decision, rejection());
STELE_REFUSES_TEMPORARY(rows, begin());
STELE_REFUSES_TEMPORARY(stele::read_model, template query<int>("SELECT 1"));

// These give the value of a temporary away, or a copy.
static_assert(
    std::same_as<decltype(std::declval<stele::command_error>().rejection()), std::optional<stele::rejection>>);
static_assert(std::same_as<decltype(std::declval<stele::command_error>().conflict()), std::optional<stele::conflict>>);
static_assert(std::same_as<decltype(std::declval<stele::command_error>().command()), std::string>);
static_assert(std::same_as<decltype(std::declval<stele::command_error>().stream()), stele::stream_id>);
static_assert(std::same_as<decltype(std::declval<stele::stream_id>().str()), std::string>);
static_assert(std::same_as<decltype(std::declval<decision>().add(testing::Incremented{})), decision>);

// The functions that look into a text or an event that they are given.
template <class Text>
concept has_category = requires(Text&& text) { stele::category_of(std::forward<Text>(text)); };
template <class Text>
concept has_instance_id = requires(Text&& text) { stele::instance_id_of(std::forward<Text>(text)); };
static_assert(has_category<const std::string&> && has_category<std::string_view> && has_category<const char*>);
static_assert(!has_category<std::string> && !has_instance_id<std::string>);
template <class Event>
concept is_recorded = requires(Event&& event) { stele::as_recorded(std::forward<Event>(event), "a-1", {}); };
static_assert(is_recorded<const stele::event_data&> && !is_recorded<stele::event_data>);

int main() {}
