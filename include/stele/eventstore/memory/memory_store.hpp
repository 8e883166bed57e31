#pragma once

#include <stele/eventstore/clock.hpp>
#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/event_store.hpp>

#include <functional>
#include <memory>

namespace stele::inline v0 {

/// Keeps events in memory, for tests and experiments. It behaves as sqlite_store does, but nothing is on disk:
/// everything is gone with the object. Not movable.
class memory_store final : public event_store {
public:
    /// `now` gives the time of events and documents, in any unit; any thread may call it.
    explicit memory_store(store_limits limits = {},
                          std::function<detail::saturated<timestamp>()> now = bounded_clock());
    ~memory_store() override;

private:
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

    struct state;
    detail::pimpl<std::unique_ptr<state>> state_;
};

}  // namespace stele::inline v0
