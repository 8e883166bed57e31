#pragma once

#include "projections/inline/inline_model.hpp"

#include <stele/eventstore/sqlite/detail/append_participant.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The inline projections of one store, which take part in its appends. The store owns it.
class inline_participant final : public append_participant {
public:
    /// In a transaction of the connection; both must outlive it.
    inline_participant(event_store& store, connection& db) : store_(store), db_(db), records_(db) {}

    /// As inline_projections::add() and rebuild(), in a transaction. refresh() comes before the next append, and
    /// notices if that was rolled back.
    void add(const projection_definition& definition, bool rebuild, const inline_options& options);
    void remove(std::string_view name);
    [[nodiscard]] bool has(std::string_view name) const override;

    void refresh(position head) override;
    void appended(std::span<const stream_write> writes, std::span<const append_result> results,
                  timestamp recorded_at) override;
    void finish() override;

private:
    using model_ptr = std::unique_ptr<inline_model>;
    [[nodiscard]] std::vector<model_ptr>::iterator find(std::string_view name);

    event_store& store_;
    connection& db_;
    inline_records records_;
    std::vector<model_ptr> models_;
    std::vector<progress> before_;  // of each, before the current append
};

}  // namespace stele::inline v0::detail
