#include "eventstore/sqlite/sqlite_engine.hpp"

#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/detail/database_name.hpp>
#include <stele/eventstore/sqlite/detail/real_file.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace stele::inline v0 {

namespace {

// Names to which SQLite gives a meaning of its own, or which name another file than they seem to.
void check_name(const std::filesystem::path& file) {
    const auto refuse = [&](std::string_view why) {
        throw error(error_kind::invalid_argument, fmt::format("\"{}\" cannot be the name of a store: {}",
                                                              file.string().substr(0, file.string().find('\0')), why));
    };
    if (file.empty()) refuse("it is empty; name a file");
    if (file == ":memory:") refuse("a store is a file; for one in memory use stele::memory_store");
    if (file.string().starts_with("file:")) refuse("it is a URI; name a file (for one with such a name: ./file:…)");
    if (file.string().find('\0') != std::string::npos) refuse("it contains a zero byte");
    detail::expect_name_of_database(file, "store");
}

// The name may be a link to such a name.
std::filesystem::path checked_file(const std::filesystem::path& name) {
    check_name(name);
    auto file = detail::real_file(name);
    check_name(file);
    return file;
}

std::filesystem::path file_of_store(const std::filesystem::path& name) {
    auto file = checked_file(name);
    detail::expect_one_name(file);
    return file;
}

}  // namespace

sqlite_store::sqlite_store(std::unique_ptr<detail::sqlite_engine> engine) noexcept : engine_(std::move(engine)) {}

sqlite_store::sqlite_store(sqlite_store&&) noexcept = default;
sqlite_store& sqlite_store::operator=(sqlite_store&& other) noexcept {
    if (this != &other) {
        const sqlite_store closed{std::move(*this)};
        engine_ = std::move(other.engine_);
    }
    return *this;
}
sqlite_store::~sqlite_store() {
    if (engine_ && engine_->is_inherited()) [[maybe_unused]]
        const auto* const of_parent = engine_.release();
}

sqlite_store sqlite_store::open(const std::filesystem::path& file, const sqlite_options& options) {
    using detail::sqlite_engine;
    detail::expect_outside_appends();  // it would wait for the lock between processes, which this thread may hold
    return sqlite_store{
        std::make_unique<sqlite_engine>(file_of_store(file), detail::store_use::read_and_write, options)};
}

sqlite_store sqlite_store::open_read_only(const std::filesystem::path& file, const sqlite_options& options) {
    using detail::sqlite_engine;
    return sqlite_store{std::make_unique<sqlite_engine>(file_of_store(file), detail::store_use::read_only, options)};
}

std::string sqlite_store::sqlite_version() {
    return sqlite3_libversion();
}

detail::sqlite_engine& sqlite_store::engine() const {
    detail::process_mark::expect_valid(engine_ != nullptr, "this sqlite_store");
    engine_->expect_own_process();
    return *engine_;
}

detail::append_host& sqlite_store::append_host() const {
    return engine();
}

void sqlite_store::backup(const std::filesystem::path& to, const backup_options& options) {
    engine().backup(checked_file(to), options);
}

void sqlite_store::compact() {
    engine().compact();
}

bool sqlite_store::remove_old_format() {
    return engine().remove_old_format();
}

verify_result sqlite_store::verify(const verify_options& options) const {
    if (options.most == 0) throw error(error_kind::invalid_argument, "verify_options::most is 0; it must be 1 or more");
    return engine().verify(options);
}

append_all_outcome sqlite_store::do_append(std::span<const stream_write> writes,
                                           std::span<const document_write> documents,
                                           std::span<const append_condition> conditions) {
    return engine().do_append(writes, documents, conditions);
}

std::future<append_outcome> sqlite_store::do_append_async(stream_id stream, expected_version expected,
                                                          std::vector<event_data> events,
                                                          std::vector<append_condition> conditions) {
    return engine().do_append_async(std::move(stream), expected, std::move(events), std::move(conditions));
}

append_outcome sqlite_store::do_remove(const stream_id& stream, expected_version expected, stream_removal kind,
                                       version before, const event_data& record) {
    return engine().do_remove(stream, expected, kind, before, record);
}

void sqlite_store::do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    engine().do_fetch(stream, options, batch);
}

void sqlite_store::do_fetch(const all_read_options& options, event_batch& batch) {
    engine().do_fetch(options, batch);
}

std::optional<owned_event> sqlite_store::do_find_event(const uuid& id) {
    return engine().do_find_event(id);
}

stream_info sqlite_store::do_find_stream(const stream_id& stream) {
    return engine().do_find_stream(stream);
}

std::vector<stream_info> sqlite_store::do_list_streams(const stream_list_options& options) {
    return engine().do_list_streams(options);
}

std::optional<document> sqlite_store::do_find_document(std::string_view kind, std::string_view key) {
    return engine().do_find_document(kind, key);
}

std::vector<document> sqlite_store::do_list_documents(std::string_view kind, const document_read_options& options) {
    return engine().do_list_documents(kind, options);
}

void sqlite_store::do_add_tags(const tag_batch& batch, const event_data& record) {
    engine().do_add_tags(batch, record);
}

std::vector<stele::tagging_status> sqlite_store::do_tagging_status() {
    return engine().do_tagging_status();
}

std::vector<std::string> sqlite_store::do_event_types() {
    return engine().do_event_types();
}

position sqlite_store::do_head() {
    return engine().do_head();
}

version sqlite_store::do_stream_version(const stream_id& stream) {
    return engine().do_stream_version(stream);
}

position sqlite_store::do_position_at(timestamp time) {
    return engine().do_position_at(time);
}

tree_root sqlite_store::do_root(std::optional<position> size) {
    return engine().do_root(size);
}

inclusion_proof sqlite_store::do_prove_inclusion(position event, position size) {
    return engine().do_prove_inclusion(event, size);
}

consistency_proof sqlite_store::do_prove_consistency(position old_size, position new_size) {
    return engine().do_prove_consistency(old_size, new_size);
}

position sqlite_store::do_wait_for_append(position seen, std::chrono::milliseconds timeout,
                                          const std::stop_token& stop) {
    return engine().do_wait_for_append(seen, timeout, stop);
}

const store_limits& sqlite_store::do_limits() const {
    return engine().do_limits();
}

}  // namespace stele::inline v0
