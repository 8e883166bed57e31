#pragma once

#include "projections/inline/inline_record.hpp"

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// The tables of one inline projection, on the connection that writes the events. Everything is done in a transaction
/// that somebody else begins and ends. One thread at a time.
class inline_model {
public:
    /// Throws invalid_argument if create() fails. Both others must outlive it.
    inline_model(connection& db, inline_records& records, const projection_definition& definition);

    [[nodiscard]] std::string_view name() const noexcept { return definition_.name; }
    [[nodiscard]] const projection_identity& identity() const noexcept { return identity_; }

    /// Makes the tables, which have seen nothing.
    void create();
    /// Takes from the file how far the tables are. Throws format if another version of the projection has made them, or
    /// if they are not there.
    void load();
    /// Applies what is missing up to `head`. Throws, naming the event, what a handler throws.
    void catch_up(event_store& store, position head);
    /// Applies an event that is being appended. Throws what the handler throws.
    void apply(const recorded_event& event);
    /// Keeps in the file how far the tables are, if that has changed.
    void save();

    /// How far the tables are; to go back to, when the events since are undone.
    [[nodiscard]] const progress& now() const noexcept { return now_; }
    void set_back(const progress& before) { now_ = before; }

    /// Who it is in messages: "inline projection balances (bank.db)".
    [[nodiscard]] std::string who() const;

private:
    void skip_to(position where, std::uint64_t applied);

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
