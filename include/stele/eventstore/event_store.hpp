#pragma once

#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/document.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <future>
#include <limits>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace stele::inline v0 {

/// Events for one stream, as part of an append that may write to several.
struct stream_write {
    stream_id stream;
    expected_version expected;
    /// Must stay where they are until the append returns.
    std::span<const event_data> events;
};

/// Where an accepted append ended.
struct append_result {
    /// The version of the last event appended.
    stele::version version;
    /// The position of the last event appended.
    stele::position position;
    /// The events were stored by an earlier, equal append; nothing was written now.
    bool repeated = false;
};

enum class direction : std::uint8_t { forward, backward };

/// Which events of the whole store are wanted. An event passes when its stream does and its type does; a list that is
/// empty lets everything pass. Filtered events are looked up, not read and thrown away (see README, "Reading").
struct event_filter {
    /// Passes streams of any of these categories, for example "account".
    std::vector<std::string> categories = {};
    /// Passes streams whose name begins with any of these, besides those that pass by category.
    std::vector<std::string> stream_prefixes = {};
    /// Passes events of any of these types, by full name.
    std::vector<std::string> types = {};

    [[nodiscard]] bool empty() const { return passes_all_streams() && types.empty(); }
    [[nodiscard]] bool passes_all_streams() const { return categories.empty() && stream_prefixes.empty(); }
    /// Whether an event of that stream and type is wanted.
    [[nodiscard]] bool passes(std::string_view stream, std::string_view type) const;
};

/// What to read of one stream: the events whose version is in the window (after, up_to].
struct stream_read_options {
    version after{};                 ///< Exclusive. The default begins with the first event.
    version up_to = version::max();  ///< Inclusive. The default ends with the last event.
    stele::direction direction = direction::forward;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< At most so many events.
    /// Reads the stream as it was when the store's head was here. With event_store::position_at(): as of a time.
    position as_of = position::max();
};

/// What to read of the whole store: the events whose position is in the window (after, up_to].
struct all_read_options {
    position after{};                  ///< Exclusive. The default begins with the first event.
    position up_to = position::max();  ///< Inclusive. The default ends with the head.
    stele::direction direction = direction::forward;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< At most so many events.
    event_filter filter = {};
};

/// What one append may hold, and what one batch of a read may.
struct store_limits {
    std::size_t event_bytes = 16UL << 20;   ///< Largest payload plus metadata of one event.
    std::size_t append_bytes = 64UL << 20;  ///< Largest sum of those of one append.
    std::size_t append_events = 100'000;    ///< Most events in one append.
    std::size_t read_batch_events = 512;    ///< Most events in one batch of a read.
    std::size_t read_batch_bytes =
        4UL << 20;  ///< A batch ends once it holds so many bytes (the last event may exceed).
};

/// An append-only store of events with optimistic concurrency: the interface of memory_store and sqlite_store.
///
/// Any thread may call anything at any time. Faults are thrown as stele::error with the kinds named at each function;
/// besides those every function may throw busy, io, corrupt or full as the engine meets them.
class event_store {
public:
    event_store() = default;
    event_store(const event_store&) = delete;
    event_store& operator=(const event_store&) = delete;
    virtual ~event_store() = default;

    /// Appends `events` to `stream`, all or none, and returns when they are durable (what that means is the engine's
    /// to say: see sqlite_store.hpp).
    ///
    /// Returns where the last event stands, or the conflict if the stream is not where `expected` says; nothing has
    /// been written then and the call may be repeated after a read.
    /// Throws invalid_argument (empty batch, over the limits, a type name that is not one, an event id that is nil or
    /// twice in the batch, a stream of the category "stele"), busy (another process held the lock for the whole busy
    /// timeout), full, io (the store refuses writes from then on), closed (it does so already).
    ///
    /// An append may be repeated: when exactly these events (by their ids, in this order) were stored by one append to
    /// this stream, the first result is returned, marked `repeated`, for as long as the events are kept. Here [1 2] was
    /// appended to an empty stream, then perhaps [3]:
    ///
    ///     the stream holds | appended        | any       | none      | some      | exactly(0) | exactly(its version)
    ///     [1 2]            | 1 2   the same  | repeated  | repeated  | event_id  | repeated   | event_id
    ///     [1 2] [3]        | 1 2   the same  | repeated  | repeated  | event_id  | repeated   | event_id
    ///     [1 2]            | 1     a prefix  | event_id  | version   | event_id  | version    | event_id
    ///     [1 2] [3]        | 2 3   overlap   | event_id  | version   | event_id  | version    | event_id
    ///     [1 2]            | 1 2 4 and more  | event_id  | version   | event_id  | version    | event_id
    ///     nothing          | 1 2   elsewhere | event_id  | event_id  | version   | event_id   | event_id
    ///
    /// (`event_id` and `version` are the reasons of the conflict. `some` can only repeat an append to a stream that was
    /// there before; "elsewhere": the same ids are stored in another stream.)
    std::expected<append_result, conflict> append(const stream_id& stream, expected_version expected,
                                                  std::span<const event_data> events);

    /// Appends to several streams, all or none. Returns one result for each write, in their order, or the conflict of
    /// the first stream that is not where its write expects it. Throws as above, also when a stream stands in two
    /// writes. The events get consecutive positions in the order of the writes. It may be repeated as a whole.
    std::expected<std::vector<append_result>, conflict> append(std::span<const stream_write> writes);

    /// The same, and writes `documents` in the same transaction, in their order: events and documents all or none.
    ///
    /// Either may be empty, not both. Besides the conflicts above there is conflict_reason::document (its stream is
    /// "stele-documents"). An append that is repeated leaves the documents as they are. Documents count for the limits
    /// of an append as events do. Throws as above, and invalid_argument for a kind or a key that is none.
    std::expected<std::vector<append_result>, conflict> append(std::span<const stream_write> writes,
                                                               std::span<const document_write> documents);

    /// Appends to one stream without waiting: the future is ready once the events are durable, and holds what append()
    /// would have returned or thrown. One thread can keep many appends in flight; they share commits. Appends of one
    /// thread to one stream are done in their order. Throws invalid_argument at once; waits while too many are under
    /// way already (thousands, or tens of megabytes).
    std::future<std::expected<append_result, conflict>> append_async(stream_id stream, expected_version expected,
                                                                     std::vector<event_data> events);

    /// Removes the events of `stream` whose version is less than `before`. The stream and its version stay; `before`
    /// may be one more than its version, which removes all of them.
    ///
    /// This and the next two return where the removal itself is recorded, in the stream "stele-streams", or the
    /// conflict if the stream is not where `expected` says or is not there. What is removed is in no later read, and
    /// positions of other events do not shift. Throws as append() does.
    std::expected<append_result, conflict> truncate_stream(
        const stream_id& stream, version before, expected_version expected = expected_version::stream_exists());
    /// Removes all events of `stream`; it is then "no stream". Only an append that expects no_stream() starts it again,
    /// and versions go on counting from where they were.
    std::expected<append_result, conflict> delete_stream(const stream_id& stream,
                                                         expected_version expected = expected_version::stream_exists());
    /// Removes all events of `stream` and ends it for ever: no append is accepted again. A deleted stream may be ended
    /// as well, expecting no_stream().
    std::expected<append_result, conflict> tombstone_stream(
        const stream_id& stream, expected_version expected = expected_version::stream_exists());

    /// Reads one stream; no events when there is no such stream.
    [[nodiscard]] event_range read_stream(stream_id stream, stream_read_options options = {});

    /// Reads the whole store in the order of positions. A forward read goes on to the head as it is when it gets
    /// there; give `up_to` to end it earlier.
    [[nodiscard]] event_range read_all(all_read_options options = {});

    /// Finds a document; nothing when it is not there.
    [[nodiscard]] virtual std::optional<document> find_document(std::string_view kind, std::string_view key) = 0;

    /// Lists documents of a kind in the order of their keys, all of them as they were at one moment.
    [[nodiscard]] virtual std::vector<document> list_documents(std::string_view kind,
                                                               const document_read_options& options = {}) = 0;

    /// The position of the last event; 0 when there is none.
    [[nodiscard]] virtual position head() = 0;

    /// The version of the stream's last event; 0 when there is no such stream.
    [[nodiscard]] virtual version stream_version(const stream_id& stream) = 0;

    /// The last position that was recorded at `time` or before; 0 when there is none.
    [[nodiscard]] virtual position position_at(timestamp time) = 0;

    /// Waits until the head is beyond `seen`, at most for `timeout` or until a stop is requested, and returns the head.
    /// Appends of this process end the wait at once; those of others are seen within the engine's poll interval.
    virtual position wait_for_append(position seen, std::chrono::milliseconds timeout,
                                     const std::stop_token& stop = {}) = 0;

protected:
    enum class removal : std::uint8_t { truncate, erase, tombstone };
    using append_outcome = std::expected<std::vector<append_result>, conflict>;

    /// Does what append() says; the arguments have been checked already.
    virtual append_outcome do_append(std::span<const stream_write> writes,
                                     std::span<const document_write> documents) = 0;
    /// The same, without waiting; `events` is what the one write refers to and must be kept.
    virtual std::future<std::expected<append_result, conflict>> do_append_async(stream_id stream,
                                                                                expected_version expected,
                                                                                std::vector<event_data> events) = 0;
    /// Removes events and appends `record` to the stream "stele-streams", all or none.
    virtual std::expected<append_result, conflict> do_remove(const stream_id& stream, expected_version expected,
                                                             removal what, version before,
                                                             const event_data& record) = 0;

    /// Adds to `batch` the next events of the window that pass the filter, in the asked direction, at most
    /// options.limit and bounded by the limits; adds nothing only if the window holds nothing that passes.
    virtual void fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) = 0;
    virtual void fetch(const all_read_options& options, event_batch& batch) = 0;

    [[nodiscard]] virtual const store_limits& limits() const = 0;

private:
    std::expected<append_result, conflict> remove(const stream_id& stream, expected_version expected, removal what,
                                                  version before);
};

}  // namespace stele::inline v0
