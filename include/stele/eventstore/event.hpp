#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/tags/tag_list.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stele::inline v0 {

/// A time in UTC, in microseconds since 1970.
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// The current time of the system clock. Stores and runners look at it through bounded_clock() (clock.hpp).
timestamp system_time();

/// What the bytes of an event's payload are. The numbers are part of the file format: never renumber them.
enum class event_content : std::uint8_t {
    message = 0,  ///< A Protobuf message, whose full name is the type: what the codec writes and reads.
    json = 1,     ///< JSON, in UTF-8.
    octets = 2,   ///< Bytes that mean nothing to this library.
};

/// Returns what messages call it: "a Protobuf message", "JSON" or "octets".
std::string_view to_string(event_content content) noexcept;

/// An event to append: bytes with a type name. The codec (codec.hpp) makes it from a Protobuf message.
struct event_data {
    /// Identifies the event permanently. A repeated append is recognised by it (see event_store.hpp).
    uuid id = uuid::v7();
    /// The full name of the message, for example "bank.MoneyDeposited": 1 to 512 bytes of UTF-8 without control
    /// characters.
    std::string type = {};
    /// Any bytes; may be empty.
    std::string payload = {};
    /// The result of encode(metadata), or empty. With foreign_metadata: any bytes.
    std::string metadata = {};
    /// What the payload is. Anything but a message is a foreign event: docs/event-store.md, "Foreign events".
    event_content content = event_content::message;
    /// Whether the metadata was not written by encode(): it is kept byte for byte, and says nothing to the library.
    bool foreign_metadata = false;
    /// What it is about, beyond its stream: the codec takes them from `tags_of` (tag.hpp).
    tag_list tags = {};

    /// The bytes that count towards the limits of a store.
    [[nodiscard]] std::size_t size_bytes() const noexcept {
        return payload.size() + metadata.size() + tags.text().size();
    }
};

namespace detail {

/// A member of this type makes a struct movable only. Compilers print its name when a recorded_event is copied.
struct view_only_keep_an_owned_event_instead {
    view_only_keep_an_owned_event_instead() = default;
    view_only_keep_an_owned_event_instead(view_only_keep_an_owned_event_instead&&) = default;
    view_only_keep_an_owned_event_instead& operator=(view_only_keep_an_owned_event_instead&&) = default;
};

}  // namespace detail

/// An event as stored: a view whose texts and bytes belong to the event_batch it was read from and live as long.
///
/// It cannot be copied, because a copy would outlive its batch unnoticed. To keep an event, make an owned_event of it.
struct recorded_event {
    stele::position position{};  ///< In the store.
    stele::version version{};    ///< In its stream.
    /// When the store recorded it. Never earlier than any event before it, even if the clock was set back.
    timestamp recorded_at{};
    uuid id{};                                       ///< Identifies the event permanently.
    std::string_view stream = {};                    ///< The name of its stream.
    std::string_view type = {};                      ///< The full name of its message.
    std::string_view payload = {};                   ///< The bytes of its message, exactly as appended.
    std::string_view metadata = {};                  ///< Bytes for decode_metadata(); may be empty.
    event_content content = event_content::message;  ///< What the payload is.
    bool foreign_metadata = false;                   ///< Whether the metadata are bytes of somebody else.
    tags_view tags = {};                             ///< What it is about, beyond its stream.
    /// Those of `tags` that were added after it was stored. Its leaf in the hash tree is without them.
    tags_view added_tags = {};

    [[no_unique_address]] detail::view_only_keep_an_owned_event_instead movable_only =
        {};  ///< Makes copying a compile error.
};

/// An event that owns its texts and bytes, so it may be kept, copied and passed to another thread.
struct owned_event {
    owned_event() = default;
    /// Copies the texts and bytes that `event` refers to.
    explicit owned_event(const recorded_event& event);

    stele::position position{};                      ///< See recorded_event, also below.
    stele::version version{};                        ///< In its stream.
    timestamp recorded_at{};                         ///< When the store recorded it.
    uuid id{};                                       ///< Its permanent id.
    std::string stream;                              ///< The name of its stream.
    std::string type;                                ///< The full name of its message.
    std::string payload;                             ///< The bytes of its message.
    std::string metadata;                            ///< Bytes for decode_metadata().
    event_content content = event_content::message;  ///< What the payload is.
    bool foreign_metadata = false;                   ///< Whether the metadata are bytes of somebody else.
    tag_list tags;                                   ///< What it is about, beyond its stream.
    tag_list added_tags;                             ///< Those of `tags` that were added later.

    /// The event as a view into this object, good until this object changes or ends.
    [[nodiscard]] recorded_event view() const& noexcept;
    recorded_event view() const&& = delete;
};

/// The event that `data` becomes when a store records it, at a time in any unit: a view into `data` and `stream`.
[[nodiscard]] recorded_event as_recorded(const event_data& data, std::string_view stream, stream_position at,
                                         detail::saturated<timestamp> recorded_at = {}) noexcept;
void as_recorded(const event_data&& data, std::string_view stream, stream_position at,
                 detail::saturated<timestamp> recorded_at = {}) = delete;

}  // namespace stele::inline v0
