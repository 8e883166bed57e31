#pragma once

#include <stele/eventstore/event.hpp>

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

/// What happens to a stored event of each type, and the decoder that makes it happen.
namespace stele::inline v0::detail {

/// Does what is to be done with one event. `context` is what was given to event_decoder::decode.
using event_handler = void (*)(void* context, const google::protobuf::Message& event, const recorded_event& at);

/// What happens to stored events of one type name.
struct event_entry {
    std::string_view type;                                 ///< As stored. Must live for ever.
    const google::protobuf::Message* prototype = nullptr;  ///< The message to parse them into.
    event_handler handle = nullptr;                        ///< Gets that message. None: they are ignored.
};

/// The event types that somebody takes, flat and sorted for looking up. Constant once made; any thread may read it.
class event_table {
public:
    /// Makes a table of the entries. `taker` names their owner in error messages ("aggregate account").
    /// Throws stele::error (invalid_argument) if two entries have the same type name, unless both ignore it.
    event_table(std::string taker, std::vector<event_entry> entries);

    /// Returns the index of the entry for a type name, or nothing.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view type) const noexcept;

    [[nodiscard]] const event_entry& operator[](std::size_t index) const { return entries_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] const std::string& taker() const noexcept { return taker_; }

private:
    std::string taker_;
    std::vector<std::uint64_t> keys_;  // one per entry, ascending: a search compares numbers, and one name at its end
    std::vector<event_entry> entries_;
};

/// Parses the payload of `event` into `message`. Throws stele::error (undecodable), naming type, stream and position,
/// if it is none. Any thread may call it.
void parse_event(const recorded_event& event, google::protobuf::Message& message);

/// Decodes recorded events and hands them to the functions of a table.
///
/// Keeps one message per type and parses into it again and again, which takes half the time of parsing into a new
/// one. So: one thread at a time, and a handler must not use the decoder that called it (one of its own is fine).
/// The table must outlive the decoder.
class event_decoder {
public:
    explicit event_decoder(const event_table& table);
    event_decoder(event_decoder&&) noexcept = default;
    event_decoder& operator=(event_decoder&&) noexcept = default;
    ~event_decoder() = default;

    /// Decodes `event` and calls its handler with `context`; does nothing if the table ignores the type.
    ///
    /// Throws stele::error (undecodable), naming type, stream and position, if the table does not have the type or
    /// the payload is not the message it names. Lets through what the handler throws.
    void decode(const recorded_event& event, void* context);

    /// The same, but returns false and does nothing if the table ignores the type or does not have it: for a reader of
    /// the whole store, whom most types do not concern.
    [[nodiscard]] bool decode_if_known(const recorded_event& event, void* context);

private:
    void decode(std::size_t index, const recorded_event& event, void* context);

    const event_table* table_;
    std::vector<std::unique_ptr<google::protobuf::Message>> messages_;  // by table index, made when first needed
};

/// Remembers with which history (upcast.hpp) somebody takes an event. Throws stele::error (invalid_argument), naming
/// both, if another one takes it with another history: one of them was compiled without the header that declares it,
/// and would miss the events of its older types. Any thread may call it.
void expect_one_history(std::string_view event, const std::type_info& history, const std::string& taker);

}  // namespace stele::inline v0::detail
