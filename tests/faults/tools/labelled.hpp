#pragma once

#include <stele/eventstore/event_store.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Events that describe themselves, so that a store can be checked after a fault by its content alone.
///
/// The id of such an event encodes its append, its place in it, and the size of the payload; type, payload and metadata
/// follow from the id. So a reader of one event knows its bytes and which other events must be there.

/// Identifies one append of a test, among those of all threads of all processes.
struct append_key {
    std::uint32_t round = 0;
    std::uint16_t writer = 0;
    std::uint32_t number = 0;  ///< Less than 2^28.
    friend auto operator<=>(const append_key&, const append_key&) = default;
};

std::string to_string(const append_key& key);

struct event_label {
    append_key append;
    std::uint16_t index = 0;      ///< 0-based among the events of the append, of all its streams.
    std::uint16_t count = 1;      ///< How many events the append has.
    std::uint8_t size_class = 0;  ///< See payload_bytes().
};

/// 0, 24, 200, 1 000, 5 000, 20 000, 100 000 and 4 200 000 bytes for the size classes 0 to 7.
std::size_t payload_bytes(std::uint8_t size_class);
inline constexpr std::uint8_t size_class_count = 8;

stele::uuid to_id(const event_label& label);
/// Nothing if the id is not of a labelled event.
std::optional<event_label> label_of(const stele::uuid& id);

stele::event_data make_labelled(const event_label& label);
/// The events of one append; there is one size class for each.
std::vector<stele::event_data> make_labelled(const append_key& append, const std::vector<std::uint8_t>& size_classes);

/// The store has broken a promise.
struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The content of a store that was checked.
struct store_content {
    struct found_append {
        std::string stream;             ///< Of its last event.
        stele::version last_version;    ///< Of its last event.
        stele::position last_position;  ///< Of its last event.
    };
    std::map<append_key, found_append> appends;
    stele::position head;
    /// Positions up to the head without an event, because it was removed.
    std::vector<stele::position> missing;
    /// The events of other makers, for example the store's own records, by position.
    std::map<stele::position, std::string> others;
};

/// Reads everything, in every way, and checks it: positions count up (see store_content::missing); versions count up in
/// each stream, without a gap unless something is missing; the bytes of every labelled event are correct; every append
/// is complete, at consecutive positions. Throws broken.
store_content read_whole(stele::event_store& store);
