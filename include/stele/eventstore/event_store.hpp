#pragma once

#include <stele/eventstore/append_condition.hpp>
#include <stele/eventstore/append_result.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/document.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/hashtree/proof.hpp>
#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/stream_info.hpp>
#include <stele/eventstore/tags/added_tags.hpp>
#include <stele/eventstore/version.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <initializer_list>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0 {

/// What one append may hold, and what one batch of a read may hold.
struct store_limits {
    std::size_t event_bytes = 16UL << 20;      ///< Largest payload, metadata and tags of one event together.
    std::size_t append_bytes = 64UL << 20;     ///< Largest sum of those of one append.
    std::size_t append_events = 100'000;       ///< Most events in one append.
    std::size_t read_batch_events = 512;       ///< Most events in one batch of a read.
    std::size_t read_batch_bytes = 4UL << 20;  ///< A batch ends at this size; its last event may exceed it.
};

/// How events are removed: see event_store::truncate_stream(), delete_stream() and tombstone_stream().
enum class stream_removal : std::uint8_t { truncate, erase, tombstone };

/// An append-only store of events with optimistic concurrency: the interface of memory_store and sqlite_store.
///
/// Any thread may call anything at any time. Faults are thrown as stele::error with the kinds named at each function;
/// in addition every function may throw busy, io, corrupt or full if the engine meets them.
///
/// An engine implements the do_… functions; their arguments have been checked.
class event_store {
public:
    event_store() = default;
    event_store(const event_store&) = delete;
    event_store& operator=(const event_store&) = delete;
    virtual ~event_store() = default;

    /// Appends `events` to `stream`, all or none, and returns when they are durable (the engine defines what that
    /// means: see sqlite_store.hpp).
    ///
    /// Returns where the last event is, or the conflict if the stream is not at the version that `expected` names; then
    /// nothing was written, and the caller may read and try again.
    /// Throws invalid_argument (empty batch, over the limits, an invalid type name, an event id that is nil or occurs
    /// twice in the batch, a stream of the category "stele"), busy (another process held the lock for the whole busy
    /// timeout), full, io (the store refuses writes from then on), closed (it already does).
    ///
    /// An append is idempotent: if one append to this stream stored exactly these events (by id, in this order), its
    /// result is returned again, as `repeated`, while all are kept. [1 2] began a stream, then [3]; - was removed:
    ///
    ///     stream holds | append           | any      | no_stream | stream_exists | exactly(0) | exactly(its version)
    ///     [1 2]        | 1 2   the same   | repeated | repeated  | event_id      | repeated   | event_id
    ///     [1 2] [3]    | 1 2   the same   | repeated | repeated  | event_id      | repeated   | event_id
    ///     [1 2]        | 1     a prefix   | event_id | version   | event_id      | version    | event_id
    ///     [1 2] [3]    | 2 3   overlap    | event_id | version   | event_id      | version    | event_id
    ///     [1 2]        | 1 2 4 and more   | event_id | version   | event_id      | version    | event_id
    ///     nothing      | 1 2   elsewhere  | event_id | event_id  | version       | event_id   | event_id
    ///     [- 2]        | 1 2   the same   | event_id | version   | event_id      | version    | event_id
    ///     [- -]        | 1 2   the same   | appended | version   | appended      | version    | appended
    ///
    /// (event_id and version are reasons of a conflict. stream_exists() repeats only what a stream got that existed.)
    /// What is repeated is repeated whatever the conditions say now: see below.
    [[nodiscard]] append_outcome append(const stream_id& stream, expected_version expected,
                                        std::span<const event_data> events,
                                        const std::vector<append_condition>& conditions = {});
    /// The same for a list of events.
    [[nodiscard]] append_outcome append(const stream_id& stream, expected_version expected,
                                        std::initializer_list<event_data> events,
                                        const std::vector<append_condition>& conditions = {});
    /// The same for one event.
    [[nodiscard]] append_outcome append(const stream_id& stream, expected_version expected, const event_data& event,
                                        const std::vector<append_condition>& conditions = {});

    /// Appends to several streams, all or none. Returns one result for each write, in their order, or the conflict of
    /// the first stream that is not at its expected version. Throws as above, also if a stream occurs in two writes.
    /// The events get consecutive positions in the order of the writes. Idempotent as a whole.
    [[nodiscard]] append_all_outcome append(std::span<const stream_write> writes);

    /// The same, and writes `documents` in the same transaction, in their order: events and documents, all or none.
    ///
    /// Either may be empty, not both. In addition to the conflicts above there is conflict_reason::document (its stream
    /// is "stele-documents"). A repeated append leaves the documents as they are. Documents count towards the limits as
    /// events do. Throws as above, and invalid_argument for an invalid kind or key.
    ///
    /// `conditions` say what else must hold (append_condition.hpp): the first that does not is the conflict. For a
    /// no_event that is conflict_reason::condition, and names the first event that it rules out; for a document
    /// conflict_reason::document. A repeated append stays repeated, whatever its conditions say now. Throws
    /// invalid_argument for a stream that is named twice, for a query that read_all() refuses, and other_store for a
    /// no_event after a position that is beyond the head, needs_tagging as tagging_status() says.
    [[nodiscard]] append_all_outcome append(std::span<const stream_write> writes,
                                            std::span<const document_write> documents,
                                            std::span<const append_condition> conditions = {});
    /// The same with conditions in braces.
    [[nodiscard]] append_all_outcome append(std::span<const stream_write> writes,
                                            std::span<const document_write> documents,
                                            std::initializer_list<append_condition> conditions);

    /// Appends to one stream without waiting. The future becomes ready when the events are durable, and holds what
    /// append() would have returned or thrown. One thread can keep many appends in flight; they share commits. Appends
    /// of one thread to one stream are executed in order. Throws invalid_argument at once; waits while too many are in
    /// flight (thousands, or tens of megabytes), and throws busy if that does not change for the engine's busy timeout.
    [[nodiscard]] std::future<append_outcome> append_async(stream_id stream, expected_version expected,
                                                           std::vector<event_data> events,
                                                           std::vector<append_condition> conditions = {});

    /// Removes the events of `stream` whose version is less than `before`. The stream and its version stay; `before`
    /// may be one more than its version, which removes all of them.
    ///
    /// This and the next two return where the removal itself is recorded, in the stream "stele-streams", or the
    /// conflict if the stream is not at the version that `expected` names or does not exist. No later read returns a
    /// removed event, and positions of other events do not shift. Throws as append() does.
    [[nodiscard]] append_outcome truncate_stream(const stream_id& stream, version before,
                                                 expected_version expected = expected_version::stream_exists());
    /// Removes all events of `stream`; it is then "no stream". Only an append that expects no_stream() starts it again,
    /// and its versions continue after the removed ones.
    [[nodiscard]] append_outcome delete_stream(const stream_id& stream,
                                               expected_version expected = expected_version::stream_exists());
    /// Removes all events of `stream` and closes it permanently: no append is accepted again. A deleted stream may be
    /// closed as well, expecting no_stream().
    [[nodiscard]] append_outcome tombstone_stream(const stream_id& stream,
                                                  expected_version expected = expected_version::stream_exists());

    /// Reads one stream; no events if there is no such stream.
    [[nodiscard]] event_range read_stream(stream_id stream, stream_read_options options = {}) &;
    void read_stream(stream_id stream, stream_read_options options = {}) && = delete;

    /// Reads the whole store by positions. A forward read continues to the head as it is when it gets there; `up_to`
    /// ends it. Throws invalid_argument for a filter that nothing can pass, needs_tagging as tagging_status() says.
    [[nodiscard]] event_range read_all(all_read_options options = {}) &;
    void read_all(all_read_options options = {}) && = delete;

    /// The last event of the window that passes the filter, for example the last of a type; nothing if none does.
    /// Throws as read_all(); the direction and the limit of the options have no effect.
    [[nodiscard]] std::optional<owned_event> last_event(all_read_options options = {});

    /// How many events of the window pass the filter, at most options.limit. Reads them. Throws as read_all().
    [[nodiscard]] std::uint64_t count_events(const all_read_options& options = {});

    /// The event with this id; nothing if there is none or it was removed.
    [[nodiscard]] std::optional<owned_event> find_event(const uuid& id) { return do_find_event(id); }

    /// What is known about a stream, also if it was removed or never existed.
    [[nodiscard]] stream_info find_stream(const stream_id& stream);

    /// Lists streams in the order of the bytes of their names, all of them as of one moment. Throws invalid_argument
    /// for a category that no stream can have.
    [[nodiscard]] std::vector<stream_info> list_streams(const stream_list_options& options = {});

    /// Finds a document; nothing if there is none. Throws invalid_argument for a kind or key that no document can have.
    [[nodiscard]] std::optional<document> find_document(std::string_view kind, std::string_view key);

    /// Lists documents of a kind in the order of their keys, all of them as of one moment. Throws invalid_argument for
    /// an invalid kind.
    [[nodiscard]] std::vector<document> list_documents(std::string_view kind,
                                                       const document_read_options& options = {});

    /// Adds tags to stored events, and notes how far the keys are filled: all of it or nothing, durable as an append.
    /// Programs call stele::tag_stored_events(), which calls this. First a step must make the keys of the tags
    /// incomplete: with that a record is appended to the stream "stele-tags", so that whatever was read before is known
    /// to be before it.
    ///
    /// From then on every read gives an event its own tags and the added ones as one list, and queries and conditions
    /// find it by both. Its leaf in the hash tree is that of its own. A removed event gets none. Throws as append()
    /// does: invalid_argument also if an event would have more than 32 tags, other_store for an event or a step beyond
    /// the head; nothing was written then.
    void add_tags(const tag_batch& batch);

    /// How far each key is for each type that tags were ever added to, in the order of keys and types. While one is not
    /// complete, whatever takes a query that names a tag with this key throws needs_tagging.
    [[nodiscard]] std::vector<stele::tagging_status> tagging_status() { return do_tagging_status(); }

    /// The types of all stored events, each once, in the order of their names. May still list a type whose events were
    /// all removed.
    [[nodiscard]] std::vector<std::string> event_types() { return do_event_types(); }

    /// The position of the last event; 0 if there is none.
    [[nodiscard]] position head() { return do_head(); }

    /// The version of the stream's last event; 0 if there is no such stream.
    [[nodiscard]] version stream_version(const stream_id& stream);

    /// The position of the last event that was recorded at `time` or earlier and is still stored; 0 if there is none.
    /// The time is in any unit: `sys_days`, for example, or what a clock says. For the business time of events, read
    /// with `occurred_up_to` (read_options.hpp): there, no position separates earlier from later.
    [[nodiscard]] position position_at(detail::saturated<timestamp> time) { return do_position_at(time); }

    /// The hash tree over all events (proof.hpp): one hash that stands for them, removed ones too. Equal roots mean
    /// equal histories. Throws invalid_argument if the store keeps no hash tree; so do the next three.
    [[nodiscard]] tree_root root() { return do_root(std::nullopt); }
    /// The same over the events up to `size`, as it was when that was the head. Throws invalid_argument for a size
    /// beyond the head.
    [[nodiscard]] tree_root root(position size) { return do_root(size); }
    /// Proves that the event at `event` is in the tree over the events up to `size`: see verify_inclusion(). The event
    /// may have been removed since. Throws invalid_argument for an event at 0 or beyond `size`, and for a size beyond
    /// the head.
    [[nodiscard]] inclusion_proof prove_inclusion(position event, position size);
    /// Proves that the tree over the events up to `new_size` continues the one up to `old_size`: see
    /// verify_consistency(). Throws invalid_argument for a size beyond the head, and if the old one is the greater.
    [[nodiscard]] consistency_proof prove_consistency(position old_size, position new_size);

    /// Waits until the head is beyond `seen`, at most for `timeout` or until a stop is requested, and returns the head.
    /// Appends of this process end the wait at once; those of others are noticed within the engine's poll interval.
    /// The timeout is in any unit; 0 or less: it does not wait.
    [[nodiscard]] position wait_for_append(position seen, detail::saturated<std::chrono::milliseconds> timeout,
                                           const std::stop_token& stop = {}) {
        return do_wait_for_append(seen, timeout, stop);
    }

    /// The limits that the store was opened with.
    [[nodiscard]] const store_limits& limits() const& { return do_limits(); }
    void limits() const&& = delete;

protected:
    // Only for engines that are handles to what does the work.
    event_store(event_store&&) noexcept = default;
    event_store& operator=(event_store&&) noexcept = default;

    /// Does what append() says, with arguments that have been checked. So do the functions below for theirs.
    virtual append_all_outcome do_append(std::span<const stream_write> writes,
                                         std::span<const document_write> documents,
                                         std::span<const append_condition> conditions) = 0;
    /// Keep the arguments until the future is ready.
    virtual std::future<append_outcome> do_append_async(stream_id stream, expected_version expected,
                                                        std::vector<event_data> events,
                                                        std::vector<append_condition> conditions) = 0;
    /// Removes events and appends `record` to the stream "stele-streams", all or none. `before` is for truncate only.
    virtual append_outcome do_remove(const stream_id& stream, expected_version expected, stream_removal kind,
                                     version before, const event_data& record) = 0;

    /// Adds to `batch` the next events of the window that pass the filter, in the direction of the options, at most
    /// options.limit and bounded by the limits; adds nothing only if no event of the window passes. It need not look at
    /// options.occurred_up_to.
    virtual void do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) = 0;
    /// The same for the whole store.
    virtual void do_fetch(const all_read_options& options, event_batch& batch) = 0;

    /// See find_event().
    virtual std::optional<owned_event> do_find_event(const uuid& id) = 0;
    /// See find_stream().
    virtual stream_info do_find_stream(const stream_id& stream) = 0;
    /// See list_streams().
    virtual std::vector<stream_info> do_list_streams(const stream_list_options& options) = 0;

    /// See find_document().
    virtual std::optional<document> do_find_document(std::string_view kind, std::string_view key) = 0;
    /// See list_documents().
    virtual std::vector<document> do_list_documents(std::string_view kind, const document_read_options& options) = 0;
    /// See add_tags(); `record` is to be appended if a key becomes incomplete with the batch. An engine that adds none
    /// leaves this and the next one as they are: it throws invalid_argument.
    virtual void do_add_tags(const tag_batch& batch, const event_data& record);
    /// See tagging_status().
    virtual std::vector<stele::tagging_status> do_tagging_status();
    /// See event_types().
    virtual std::vector<std::string> do_event_types() = 0;
    /// See head().
    virtual position do_head() = 0;
    /// See stream_version().
    virtual version do_stream_version(const stream_id& stream) = 0;
    /// See position_at().
    virtual position do_position_at(timestamp time) = 0;
    /// See root(); without a size: over all events. An engine without a hash tree leaves this and the next two as they
    /// are: they throw.
    virtual tree_root do_root(std::optional<position> size);
    /// See prove_inclusion().
    virtual inclusion_proof do_prove_inclusion(position event, position size);
    /// See prove_consistency().
    virtual consistency_proof do_prove_consistency(position old_size, position new_size);
    /// See wait_for_append(). The timeout may be anything from milliseconds::min() to milliseconds::max().
    virtual position do_wait_for_append(position seen, std::chrono::milliseconds timeout,
                                        const std::stop_token& stop) = 0;
    /// See limits().
    [[nodiscard]] virtual const store_limits& do_limits() const = 0;

private:
    event_range read_tagged(all_read_options options);
    append_outcome remove(const stream_id& stream, expected_version expected, stream_removal kind, version before);
};

}  // namespace stele::inline v0
