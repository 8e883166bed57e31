#pragma once

#include <stele/eventstore/event_store.hpp>

#include <memory>

namespace stele::inline v0 {

/// Keeps events in memory, for tests and for trying things out: same rules and answers as sqlite_store, nothing on
/// disk, so everything is gone with the object.
class memory_store final : public event_store {
public:
    explicit memory_store(store_limits limits = {});
    ~memory_store() override;

    [[nodiscard]] std::optional<document> find_document(std::string_view kind, std::string_view key) override;
    [[nodiscard]] std::vector<document> list_documents(std::string_view kind,
                                                       const document_read_options& options = {}) override;
    [[nodiscard]] position head() override;
    [[nodiscard]] version stream_version(const stream_id& stream) override;
    [[nodiscard]] position position_at(timestamp time) override;
    position wait_for_append(position seen, std::chrono::milliseconds timeout,
                             const std::stop_token& stop = {}) override;

private:
    append_outcome do_append(std::span<const stream_write> writes, std::span<const document_write> documents) override;
    std::future<std::expected<append_result, conflict>> do_append_async(stream_id stream, expected_version expected,
                                                                        std::vector<event_data> events) override;
    std::expected<append_result, conflict> do_remove(const stream_id& stream, expected_version expected, removal what,
                                                     version before, const event_data& record) override;
    void fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) override;
    void fetch(const all_read_options& options, event_batch& batch) override;
    [[nodiscard]] const store_limits& limits() const override;

    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace stele::inline v0
