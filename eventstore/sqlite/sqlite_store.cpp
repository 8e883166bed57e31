#include "eventstore/head_signal.hpp"
#include "eventstore/sqlite/backup.hpp"
#include "eventstore/sqlite/commit_queue.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/writer.hpp"

#include <stele/eventstore/sqlite/detail/append_participant.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <sqlite3.h>

#include <utility>

namespace stele::inline v0 {

struct sqlite_store::state {
    state(std::filesystem::path name, const sqlite_options& o)
        : file(std::move(name)),
          options(o),
          writer(file, options),
          queue([this](detail::commit_queue::append_group group) { signal.announce(writer.commit(group)); }),
          readers(file, options) {}

    std::filesystem::path file;
    sqlite_options options;
    detail::head_signal signal;
    detail::writer writer;  // declared before the readers, so it is closed last
    detail::commit_queue queue;
    detail::reader_pool readers;

    append_outcome submit(detail::append_request& request) {
        queue.submit(request);
        if (request.fault) std::rethrow_exception(request.fault);
        return *std::move(request.outcome);
    }
};

sqlite_store::sqlite_store(const std::filesystem::path& file, const sqlite_options& options)
    : state_(std::make_unique<state>(file, options)) {}

sqlite_store::~sqlite_store() = default;

sqlite_store sqlite_store::open(const std::filesystem::path& file, const sqlite_options& options) {
    return {file, options};
}

std::string sqlite_store::sqlite_version() {
    return sqlite3_libversion();
}

const store_limits& sqlite_store::limits() const {
    return state_->options.limits;
}

std::optional<document> sqlite_store::find_document(std::string_view kind, std::string_view key) {
    return state_->readers.with_reader([&](detail::reader& r) { return r.find_document(kind, key); });
}

std::vector<document> sqlite_store::list_documents(std::string_view kind, const document_read_options& options) {
    return state_->readers.with_reader([&](detail::reader& r) { return r.list_documents(kind, options); });
}

position sqlite_store::head() {
    return state_->readers.with_reader([](detail::reader& r) { return r.head(); });
}

version sqlite_store::stream_version(const stream_id& stream) {
    return state_->readers.with_reader([&](detail::reader& r) { return r.stream_version(stream); });
}

position sqlite_store::position_at(timestamp time) {
    return state_->readers.with_reader([&](detail::reader& r) { return r.position_at(time); });
}

position sqlite_store::wait_for_append(position seen, std::chrono::milliseconds timeout, const std::stop_token& stop) {
    return state_->signal.wait_for_append(seen, timeout, state_->options.poll_interval, stop,
                                          [this] { return head(); });
}

void sqlite_store::backup(const std::filesystem::path& to) {
    detail::backup(state_->file, to, state_->options);
}

void sqlite_store::compact() {
    state_->queue.exclusive([this] { state_->writer.compact(); });
}

void detail::participation::transact(sqlite_store& store,
                                     const std::function<void(connection&, participant_ptr&)>& work) {
    auto& state = *store.state_;
    state.queue.exclusive([&] { state.writer.transact(work); });
}

void detail::participation::look(sqlite_store& store, const std::function<void(const append_participant*)>& work) {
    auto& state = *store.state_;
    state.queue.exclusive([&] { work(state.writer.participant()); });
}

std::unique_ptr<detail::connection> detail::participation::open_to_read(sqlite_store& store) {
    const auto& options = store.state_->options;
    return std::make_unique<connection>(store.state_->file, open_mode::read, options.busy_timeout, options.vfs);
}

sqlite_store::append_outcome sqlite_store::do_append(std::span<const stream_write> writes,
                                                     std::span<const document_write> documents) {
    detail::append_request request{.writes = writes, .documents = documents};
    for (const auto& document : documents) request.size_bytes += document.key.size() + document.value.size();
    for (const auto& write : writes)
        for (const auto& event : write.events) request.size_bytes += event.payload.size() + event.metadata.size();
    return state_->submit(request);
}

std::future<std::expected<append_result, conflict>> sqlite_store::do_append_async(stream_id stream,
                                                                                  expected_version expected,
                                                                                  std::vector<event_data> events) {
    auto append = std::make_unique<detail::async_append>(std::move(stream), expected, std::move(events));
    auto result = append->promise.get_future();
    state_->queue.submit(std::move(append));
    return result;
}

std::expected<append_result, conflict> sqlite_store::do_remove(const stream_id& stream, expected_version expected,
                                                               removal what, version before, const event_data& record) {
    using kind = detail::removal_request::kind;
    const auto removes = what == removal::truncate ? kind::truncate
                         : what == removal::erase  ? kind::erase
                                                   : kind::tombstone;
    const detail::removal_request removed{stream, expected, removes, before, record};
    detail::append_request request{.writes = {}, .removal = &removed};
    const auto outcome = state_->submit(request);
    if (!outcome) return std::unexpected(outcome.error());
    return outcome->front();
}

void sqlite_store::fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    state_->readers.with_reader([&](detail::reader& r) { r.fetch(stream, options, batch); });
}

void sqlite_store::fetch(const all_read_options& options, event_batch& batch) {
    state_->readers.with_reader([&](detail::reader& r) { r.fetch(options, batch); });
}

}  // namespace stele::inline v0
