#include "eventstore/sqlite/sqlite_engine.hpp"

#include "eventstore/engine/argument_checks.hpp"
#include "eventstore/hashtree/tree_answers.hpp"
#include "eventstore/sqlite/files/backup.hpp"
#include "eventstore/sqlite/read_only_access.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <stele/eventstore/detail/stop_scope.hpp>
#include <stele/eventstore/sqlite/detail/file_format.hpp>
#include <stele/eventstore/sqlite/detail/file_header.hpp>
#include <stele/eventstore/sqlite/detail/upgrade.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

// How long a pause waits for the readers that have begun.
constexpr std::chrono::milliseconds longest_pause{50};

constexpr std::size_t least_log_bytes = 1UL << 20;

sqlite_options checked(const std::filesystem::path& file, sqlite_options options) {
    check_limits(options.limits);
    expect_vfs(file, options.connection);
    if (!options.now) throw error(error_kind::invalid_argument, "sqlite_options::now is empty; give it a clock");
    if (options.log_bytes < least_log_bytes)
        throw error(error_kind::invalid_argument, fmt::format("sqlite_options::log_bytes is {}; it must be {} or more",
                                                              options.log_bytes, least_log_bytes));
    if (options.merge_events == 0)
        throw error(error_kind::invalid_argument, "sqlite_options::merge_events is 0; it must be 1 or more");
    return options;
}

// Who does not want to wait for another process shares commits with the other threads of this one nevertheless.
std::chrono::milliseconds turn_limit(std::chrono::milliseconds busy_timeout) {
    using namespace std::chrono_literals;
    return busy_timeout > 0ms ? busy_timeout : 1s;
}

std::unique_ptr<read_access> access_to(const std::filesystem::path& file, const connection_options& options,
                                       const writer* writer) {
    if (writer == nullptr) return std::make_unique<read_only_access>(file, options);
    return std::make_unique<access_beside_writer>(file, options, writer->files());
}

}  // namespace

sqlite_engine::sqlite_engine(std::filesystem::path file, store_use use, const sqlite_options& options)
    : file_(std::move(file)),
      options_(checked(file_, options)),
      old_file_(use == store_use::read_and_write ? upgrade_if_needed(file_, options_) : nullptr),
      tail_(use == store_use::read_and_write ? std::make_shared<index_tail>(options_.merge_events) : nullptr),
      writer_(tail_ ? std::make_unique<writer>(file_, options_, tail_) : nullptr),
      access_(access_to(file_, options_.connection, writer_.get())),
      readers_(*access_, options_, tail_) {
    if (writer_) {
        queue_ = std::make_unique<commit_queue>(
            [this](commit_queue::append_group& group) {
                signal_.announce(writer_->commit(group));
                bound_log();
            },
            turn_limit(options_.connection.busy_timeout));
        // The first read needs no descriptor then, and is of the file that was opened, whatever becomes of its name.
        if (options_.idle_readers > 0) readers_.with_reader([](reader&) {});
    } else {
        read([](connection& db) {
            db.execute("BEGIN");
            check_tables(db);
        });
    }
}

void sqlite_engine::expect_writable() const {
    if (!writer_)
        throw error(error_kind::read_only,
                    fmt::format("{}: nothing was written, because the store was opened with "
                                "sqlite_store::open_read_only; to write, open it with sqlite_store::open",
                                file_.string()));
}

// The log begins again with the first commit that finds it moved into the main file and read by nobody. Readers that
// overlap never leave such a moment, so one is made.
void sqlite_engine::bound_log() noexcept {
    const auto limit = to_integer(options_.log_bytes);
    const auto size = writer_->log_bytes();
    if (size < limit) next_pause_ = limit;
    if (size < next_pause_) return;
    next_pause_ = size + limit / 16;  // it may have been in vain: others read, or a reader took longer
    readers_.pause(longest_pause, [this] { writer_->checkpoint(); });
}

void sqlite_engine::backup(const std::filesystem::path& to, const backup_options& options) {
    detail::backup(*access_, file_, to, options_.connection, options.compare_leaves);
}

verify_result sqlite_engine::verify(const verify_options& options) const {
    verify_result result;
    access_->read([&](connection& db) { result = detail::verify(db, options); });
    return result;
}

void sqlite_engine::compact() {
    expect_writable();
    queue_->exclusive([this] { writer_->compact(); });
}

bool sqlite_engine::remove_old_format() {
    expect_writable();
    bool was_there = false;
    queue_->exclusive([&] {
        was_there = detail::remove_old_format(file_, options_.connection);
        old_file_.reset();  // gives its space back to the disk
    });
    return was_there;
}

void sqlite_engine::transact(const transaction& work) {
    expect_writable();
    queue_->exclusive([&] { writer_->transact(*this, work); });
}

void sqlite_engine::look(const std::function<void(const append_participant*)>& look) {
    if (!writer_) return look(nullptr);
    queue_->exclusive([&] { look(writer_->participant()); });
}

void sqlite_engine::read(const std::function<void(connection&)>& use) {
    access_->read(use);
}

append_all_outcome sqlite_engine::submit(append_request& request) {
    expect_writable();
    queue_->submit(request);
    if (request.fault) std::rethrow_exception(request.fault);
    return *std::move(request.outcome);
}

append_all_outcome sqlite_engine::do_append(std::span<const stream_write> writes,
                                            std::span<const document_write> documents,
                                            std::span<const append_condition> conditions) {
    append_request request{.writes = writes, .documents = documents, .conditions = conditions};
    for (const auto& document : documents) request.size_bytes += document.key.size() + document.value.size();
    for (const auto& write : writes)
        for (const auto& event : write.events) request.size_bytes += event.size_bytes();
    return submit(request);
}

std::future<append_outcome> sqlite_engine::do_append_async(stream_id stream, expected_version expected,
                                                           std::vector<event_data> events,
                                                           std::vector<append_condition> conditions) {
    expect_writable();
    auto append = std::make_unique<async_append>(std::move(stream), expected, std::move(events), std::move(conditions));
    auto result = append->promise.get_future();
    queue_->submit(std::move(append));
    return result;
}

append_outcome sqlite_engine::do_remove(const stream_id& stream, expected_version expected, stream_removal kind,
                                        version before, const event_data& record) {
    const removal_request removal{stream, expected, kind, before, record};
    append_request request{.writes = {}, .removal = &removal};
    const auto outcome = submit(request);
    if (!outcome) return std::unexpected(outcome.error());
    return outcome->front();
}

// Reads in parts, each by whichever reader is free. In a store that is read-only all parts count, or none.
template <class Read>
void sqlite_engine::fetch_parts(const auto& begin, event_batch& batch) {
    if (writer_) {
        Read read = begin();
        while (readers_.with_reader([&](reader& r) { return r.fetch(read, batch); })) stop_scope::check();
        return;
    }
    readers_.with_reader([&](reader& r) {
        if (!batch.empty()) batch.clear();  // of what did not count
        Read read = begin();
        while (r.fetch(read, batch)) stop_scope::check();
    });
}

void sqlite_engine::do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    if (!options.types.empty()) return fetch_parts<typed_read>([&] { return typed_read(stream, options); }, batch);
    readers_.with_reader([&](reader& r) {
        if (!batch.empty()) batch.clear();
        r.fetch(stream, options, batch);
    });
}

void sqlite_engine::do_fetch(const all_read_options& options, event_batch& batch) {
    if (!options.filter.empty()) return fetch_parts<filtered_read>([&] { return filtered_read(options); }, batch);
    readers_.with_reader([&](reader& r) {
        if (!batch.empty()) batch.clear();
        r.fetch(options, batch);
    });
}

std::optional<owned_event> sqlite_engine::do_find_event(const uuid& id) {
    return readers_.with_reader([&](reader& r) { return r.find_event(id); });
}

stream_info sqlite_engine::do_find_stream(const stream_id& stream) {
    return readers_.with_reader([&](reader& r) { return r.find_stream(stream); });
}

std::vector<stream_info> sqlite_engine::do_list_streams(const stream_list_options& options) {
    return readers_.with_reader([&](reader& r) { return r.list_streams(options); });
}

std::optional<document> sqlite_engine::do_find_document(std::string_view kind, std::string_view key) {
    return readers_.with_reader([&](reader& r) { return r.find_document(kind, key); });
}

std::vector<document> sqlite_engine::do_list_documents(std::string_view kind, const document_read_options& options) {
    return readers_.with_reader([&](reader& r) { return r.list_documents(kind, options); });
}

void sqlite_engine::do_add_tags(const tag_batch& batch, const event_data& record) {
    const tagging_request tagging{batch, record};
    append_request request{.writes = {}, .tagging = &tagging};
    submit(request).value();  // a record is no conflict
}

std::vector<stele::tagging_status> sqlite_engine::do_tagging_status() {
    return readers_.with_reader([](reader& r) { return r.list_tagging(); });
}

std::vector<std::string> sqlite_engine::do_event_types() {
    return readers_.with_reader([](reader& r) { return r.event_types(); });
}

position sqlite_engine::do_head() {
    return readers_.with_reader([](reader& r) { return r.head(); });
}

version sqlite_engine::do_stream_version(const stream_id& stream) {
    return readers_.with_reader([&](reader& r) { return r.stream_version(stream); });
}

position sqlite_engine::do_position_at(timestamp time) {
    return readers_.with_reader([&](reader& r) { return r.position_at(time); });
}

tree_root sqlite_engine::do_root(std::optional<position> size) {
    return readers_.with_reader(
        [&](reader& r) { return r.with_tree([&](tile_source& tree) { return root_of(tree, size); }); });
}

inclusion_proof sqlite_engine::do_prove_inclusion(position event, position size) {
    return readers_.with_reader([&](reader& r) {
        return r.with_tree([&](tile_source& tree) { return detail::prove_inclusion(tree, event, size); });
    });
}

consistency_proof sqlite_engine::do_prove_consistency(position old_size, position new_size) {
    return readers_.with_reader([&](reader& r) {
        return r.with_tree([&](tile_source& tree) { return detail::prove_consistency(tree, old_size, new_size); });
    });
}

position sqlite_engine::do_wait_for_append(position seen, std::chrono::milliseconds timeout,
                                           const std::stop_token& stop) {
    return signal_.wait_for_append(seen, timeout, options_.poll_interval, stop, [this] { return head(); });
}

const store_limits& sqlite_engine::do_limits() const {
    return options_.limits;
}

}  // namespace stele::inline v0::detail
