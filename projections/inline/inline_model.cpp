#include "projections/inline/inline_model.hpp"

#include "projections/generations/generation.hpp"
#include "projections/runner/event_feed.hpp"
#include "projections/sql/sql_session.hpp"

#include <stele/eventstore/detail/failures.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_at_once = 1000;

// What create() makes, as it does so in an empty database.
table_names tables_of(const projection_definition& definition) {
    auto scratch = read_model::in_memory();
    definition.create(scratch);
    table_names names;
    for (auto [name] : scratch.query<std::string>("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND "
                                                  "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"))
        names.insert(std::move(name));
    return names;
}

}  // namespace

inline_model::inline_model(connection& db, inline_records& records, const projection_definition& definition)
    : db_(db),
      records_(records),
      definition_(definition),
      identity_(identity_of(definition)),
      tables_(tables_of(definition)),
      model_(sql_session::among_events(db, tables_)),
      decoder_(*definition.events) {}

std::string inline_model::who() const {
    return fmt::format("inline projection {} ({})", definition_.name, db_.file());
}

void inline_model::create() {
    records_.add(identity_, tables_);
    try {
        definition_.create(model_);
    } catch (...) {
        throw_with(who() + ": create() failed");
    }
    now_ = {};
    saved_ = {};
}

void inline_model::load() {
    const auto record = records_.find(name());
    if (!record)
        throw error{
            error_kind::format,
            fmt::format("{} was removed from the file while this process has it; nothing was appended; open the "
                        "store again, and add it if it is still wanted",
                        who())};
    if (record->identity != identity_)
        throw error{error_kind::format,
                    fmt::format("{}: the tables were made by version {}{}, this process has version {}; nothing was "
                                "touched; end the program of the other version, or rebuild the tables "
                                "(inline_projections::rebuild)",
                                who(), record->identity.version,
                                record->identity.version == identity_.version
                                    ? ", with other events or tables (count the version up)"
                                    : "",
                                identity_.version)};
    now_ = record->progress;
    saved_ = now_.checkpoint;
}

void inline_model::catch_up(event_store& store, position head) {
    if (now_.checkpoint >= head) return;
    event_feed missing{store, now_.checkpoint, head, *definition_.events};
    while (const auto chunk = missing.next(most_at_once)) {
        for (const auto& event : chunk->events) {
            try {
                apply(event);
            } catch (...) {
                throw_failed_at(who(), event);
            }
        }
        skip_to(chunk->up_to, 0);
    }
    save();
}

void inline_model::apply(const recorded_event& event) {
    const bool taken = decoder_.decode_if_known(event, &model_);
    model_.session_->expect_transaction();
    skip_to(event.position, taken ? 1 : 0);
}

// Counts the positions up to there; what was not applied is ignored.
void inline_model::skip_to(position where, std::uint64_t applied) {
    const auto passed = where.value - now_.checkpoint.value;
    now_.checkpoint = where;
    now_.seen += passed;
    now_.applied += applied;
    now_.ignored += passed - applied;
}

void inline_model::save() {
    if (now_.checkpoint == saved_) return;
    records_.save(name(), now_);
    saved_ = now_.checkpoint;
}

}  // namespace stele::inline v0::detail
