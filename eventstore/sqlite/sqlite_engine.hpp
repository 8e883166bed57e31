#pragma once

#include "eventstore/engine/head_signal.hpp"
#include "eventstore/sqlite/commit_queue.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "eventstore/sqlite/writer.hpp"

#include <stele/eventstore/sqlite/detail/append_participant.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

namespace stele::inline v0::detail {

/// What a store is opened for.
enum class store_use : std::uint8_t { read_and_write, read_only };

/// The store behind a sqlite_store. It stays where it is when the handle moves, so participants refer to this. One that
/// is read-only has no writer and no queue, and refuses whatever needs them.
class sqlite_engine final : public event_store, public append_host {
public:
    sqlite_engine(std::filesystem::path file, store_use use, const sqlite_options& options);

    /// See process_mark.
    [[nodiscard]] bool is_inherited() const noexcept { return process_.is_inherited(); }
    void expect_own_process() const { process_.expect_own(file_.native()); }

    void backup(const std::filesystem::path& to, const backup_options& options);
    [[nodiscard]] verify_result verify(const verify_options& options) const;
    void compact();
    bool remove_old_format();

    void transact(const transaction& work) override;
    void look(const std::function<void(const append_participant*)>& look) override;
    void read(const std::function<void(connection&)>& use) override;

    append_all_outcome do_append(std::span<const stream_write> writes, std::span<const document_write> documents,
                                 std::span<const append_condition> conditions) override;
    std::future<append_outcome> do_append_async(stream_id stream, expected_version expected,
                                                std::vector<event_data> events,
                                                std::vector<append_condition> conditions) override;
    append_outcome do_remove(const stream_id& stream, expected_version expected, stream_removal kind, version before,
                             const event_data& record) override;
    void do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) override;
    void do_fetch(const all_read_options& options, event_batch& batch) override;
    std::optional<owned_event> do_find_event(const uuid& id) override;
    stream_info do_find_stream(const stream_id& stream) override;
    std::vector<stream_info> do_list_streams(const stream_list_options& options) override;
    std::optional<document> do_find_document(std::string_view kind, std::string_view key) override;
    std::vector<document> do_list_documents(std::string_view kind, const document_read_options& options) override;
    void do_add_tags(const tag_batch& batch, const event_data& record) override;
    std::vector<stele::tagging_status> do_tagging_status() override;
    std::vector<std::string> do_event_types() override;
    position do_head() override;
    version do_stream_version(const stream_id& stream) override;
    position do_position_at(timestamp time) override;
    tree_root do_root(std::optional<position> size) override;
    inclusion_proof do_prove_inclusion(position event, position size) override;
    consistency_proof do_prove_consistency(position old_size, position new_size) override;
    position do_wait_for_append(position seen, std::chrono::milliseconds timeout, const std::stop_token& stop) override;
    [[nodiscard]] const store_limits& do_limits() const override;

private:
    append_all_outcome submit(append_request& request);
    template <class Read>
    void fetch_parts(const auto& begin, event_batch& batch);
    void bound_log() noexcept;
    void expect_writable() const;

    process_mark process_;
    std::filesystem::path file_;
    sqlite_options options_;
    head_signal signal_;
    std::unique_ptr<connection> old_file_;  // from which it was upgraded by this process
    std::shared_ptr<index_tail> tail_;      // if there is a writer
    std::unique_ptr<writer> writer_;        // declared before the readers, so it is closed last
    std::unique_ptr<read_access> access_;
    reader_pool readers_;
    std::int64_t next_pause_ = 0;          // the size of the log at which bound_log() makes a pause
    std::unique_ptr<commit_queue> queue_;  // after what it uses
};

}  // namespace stele::inline v0::detail
