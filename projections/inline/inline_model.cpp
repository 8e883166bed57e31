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
    const auto refuse = [&](std::string_view difference) {
        throw error{error_kind::needs_rebuild,
                    fmt::format("{}: {}; nothing was changed; rebuild the tables (inline_projections::rebuild, or the "
                                "option rebuild_changed), or open the store without this projection",
                                who(), difference)};
    };
    if (!record) return refuse("its tables were removed while this process had them open");
    if (const auto& made = record->identity; made.version != identity_.version)
        refuse(fmt::format("its tables were made by version {}, this program has version {}", made.version,
                           identity_.version));
    else if (made != identity_)
        refuse(fmt::format(
            "its tables were made by a version {} with other events or tables; increase the version of the newer one",
            made.version));
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
