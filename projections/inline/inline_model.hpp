#pragma once

#include "projections/inline/inline_record.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// The tables of one inline projection, on the connection that writes the events. Every function runs in a transaction
/// that the caller begins and ends. One thread at a time.
class inline_model {
public:
    /// Throws what create() throws, as throw_with() does. Both others must outlive it.
    inline_model(connection& db, inline_records& records, const projection_definition& definition);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }
    [[nodiscard]] const projection_identity& identity() const noexcept { return identity_; }

    /// Makes the tables, which have seen no event.
    void create();
    /// Reads the progress of the tables from the file. Throws needs_rebuild if another version of the projection made
    /// them, or if they are gone.
    void load();
    /// Applies the missing events up to `head`. What a handler throws is thrown with the event in the message.
    /// `compare_leaves` is that of all_read_options.
    void catch_up(event_store& store, position head, bool compare_leaves);
    /// Applies an event that is being appended. Throws what the handler throws.
    void apply(const recorded_event& event);
    /// Saves the progress in the file, if it has changed.
    void save();

    /// The progress; set_back() returns to it when the events since then are rolled back.
    [[nodiscard]] const progress& now() const noexcept { return now_; }
    void set_back(const progress& before) { now_ = before; }

    /// Its name in messages: "inline projection balances (bank.db)".
    [[nodiscard]] std::string who() const;

private:
    [[nodiscard]] std::string difference_from(const projection_identity& made) const;

    connection& db_;
    inline_records& records_;
    projection_definition definition_;
    projection_identity identity_;
    table_names tables_;
    read_model model_;
    event_decoder decoder_;
    progress now_;
    position saved_;
};

}  // namespace stele::inline v0::detail
