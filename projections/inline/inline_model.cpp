#include "projections/inline/inline_model.hpp"

#include "projections/generations/generation.hpp"
#include "projections/runner/event_feed.hpp"
#include "projections/sql/sql_session.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/rejection.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_at_once = 1000;

// What create() makes in an empty database.
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
        throw error{error_kind::needs_rebuild,
                    fmt::format("{}: its tables were removed while this process had them open; nothing was changed; to "
                                "make them again call inline_projections::rebuild, to go on without them call "
                                "inline_projections::remove(\"{}\")",
                                who(), name())};
    if (record->identity != identity_)
        throw error{error_kind::needs_rebuild, fmt::format("{}: {}", who(), difference_from(record->identity))};
    now_ = record->progress;
    saved_ = now_.checkpoint;
}

// What to do depends on which of the two is newer.
std::string inline_model::difference_from(const projection_identity& made) const {
    const auto mine = identity_.version;
    if (made.version > mine)
        return fmt::format(
            "its tables were made by version {}, this program has the older version {}; nothing was changed; end "
            "this program and run one with version {}; inline_projections::rebuild here would take the tables back to "
            "version {}, and no program with version {} could append until it rebuilds them",
            made.version, mine, made.version, mine, made.version);
    if (made.version < mine)
        return fmt::format(
            "its tables were made by version {}, this program has version {}; nothing was changed; end the "
            "programs with version {}, which cannot append afterwards, and rebuild the tables "
            "(inline_projections::rebuild, or the option rebuild_changed)",
            made.version, mine, made.version);
    return fmt::format(
        "its tables were made by another version {} with other events or tables; nothing was changed; if this program "
        "is the newer one, increase `version` in it, and rebuild the tables with that (inline_projections::rebuild, or "
        "the option rebuild_changed)",
        mine);
}

void inline_model::catch_up(event_store& store, position head, bool compare_leaves) {
    if (now_.checkpoint >= head) return;
    event_feed missing{store, now_.checkpoint, head, *definition_.events, {.compare_leaves = compare_leaves}};
    while (const auto chunk = missing.next(most_at_once)) {
        for (const auto& event : chunk->events) {
            try {
                apply(event);
            } catch (const append_rejected& refused) {
                throw error{
                    error_kind::handler_failed,
                    fmt::format("{} rejects the event at position {} (stream {}, type {}), which is stored: {}. "
                                "A rule holds from then on when project() takes what is stored already; to go "
                                "on without it, call inline_projections::remove(\"{}\").",
                                who(), event.position, event.stream, event.type, refused.rejection().message, name())};
            } catch (...) {
                throw_failed_at(who(), event);
            }
        }
        now_.skip_to(chunk->up_to, chunk->last);
    }
    save();
}

void inline_model::apply(const recorded_event& event) {
    auto call = definition_.call(model_);
    const bool applied = decoder_.decode_if_known(event, &call);
    model_.session_->expect_transaction();
    now_.pass(event, applied ? event_outcome::applied : event_outcome::ignored);
}

void inline_model::save() {
    if (now_.checkpoint == saved_) return;
    records_.save(name(), now_);
    saved_ = now_.checkpoint;
}

}  // namespace stele::inline v0::detail
