#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

/// What happens to a stored event of each type, and the decoder that makes it happen.
namespace stele::inline v0::detail {

/// Handles one event. `context` is the argument of event_decoder::decode.
using event_handler = void (*)(void* context, const google::protobuf::Message& event, const recorded_event& at);

/// What happens to stored events of one type name.
struct event_entry {
    std::string_view type;                                 ///< As stored. Lives as long as the program.
    const google::protobuf::Message* prototype = nullptr;  ///< The message to parse them into.
    event_handler handle = nullptr;                        ///< Gets that message. None: they are ignored.
    bool is_removal = false;                               ///< Whether they are the store's records of removals.
};

/// The event types of one consumer, flat and sorted for look-up. Constant once made; any thread may read it.
class event_table {
public:
    /// Makes a table of the entries. `consumer` names their owner in error messages ("aggregate account"). If there are
    /// `categories`, events of other streams do not concern the consumer; if there are `tags`, nor do events that lack
    /// one of them. Throws stele::error (invalid_argument) if two entries have the same type name, unless both ignore
    /// it.
    event_table(std::string consumer, std::vector<event_entry> entries, std::vector<std::string> categories = {},
                tag_list tags = {});

    /// Returns the index of the entry for a type name, or nothing.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view type) const noexcept;

    /// Returns the index of the entry for an event, or nothing: also if its stream or its tags do not concern the
    /// consumer, or for the record of a removal the stream that it tells of.
    [[nodiscard]] std::optional<std::size_t> find(const recorded_event& event) const;

    /// Selects the events that may have an entry with a function.
    [[nodiscard]] event_query filter() const;

    /// Whether it has an entry for records of removals.
    [[nodiscard]] bool takes_removals() const noexcept;

    /// The categories that concern the consumer; empty: all.
    [[nodiscard]] const std::vector<std::string>& categories() const noexcept { return categories_; }

    /// The tags that an event must carry to concern the consumer; empty: none. Records of removals carry none, and
    /// concern it whatever the stream carried.
    [[nodiscard]] tags_view tags() const noexcept { return tags_; }

    [[nodiscard]] const event_entry& operator[](std::size_t index) const { return entries_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] const std::string& consumer() const noexcept { return consumer_; }

private:
    std::string consumer_;
    std::vector<std::uint64_t> keys_;  // one per entry, ascending: a search compares numbers, and one name at its end
    std::vector<event_entry> entries_;
    std::vector<std::string> categories_;
    tag_list tags_;
};

/// Parses the payload of `event` into `message`. Throws stele::error (undecodable), naming type, stream and position,
/// if it is none, or was stored as JSON or octets. Any thread may call it.
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

/// Returns the names. Throws stele::error (invalid_argument) for one that is no category.
std::vector<std::string> checked_categories(std::initializer_list<std::string_view> names);

/// Throws stele::error (invalid_argument), naming the event, the consumer and the upcasters, if the program has
/// upcasters that lead to this event (upcast_by in upcast.hpp) and the consumer does not list them: it would miss
/// stored events. Any thread may call it.
void expect_upcasters(std::string_view event, std::initializer_list<const std::type_info*> listed,
                      const std::string& consumer);

}  // namespace stele::inline v0::detail
