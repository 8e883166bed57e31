#include "projections/inline/inline_participant.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/rejection.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0::detail {

void throw_rejected(std::string_view projection, const recorded_event& event, rejection reason) {
    const auto removed = removed_stream(event);
    const auto text = removed.empty()
                          ? fmt::format(
                                "nothing of the append is stored: the inline projection {} rejects the event {} for "
                                "stream {}: {} ({})",
                                projection, event.type, event.stream, reason.message, reason.code)
                          : fmt::format(
                                "nothing is removed: the inline projection {} rejects the removal from stream "
                                "{}: {} ({})",
                                projection, removed, reason.message, reason.code);
    throw append_rejected{text, std::move(reason)};
}

namespace {

// Calls `function` with each event of the append, as it will be in the store.
template <class Function>
void for_each_event(std::span<const stream_write> writes, std::span<const append_result> results, timestamp recorded_at,
                    const Function& function) {
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto& events = writes[i].events;
        for (std::size_t k = 0; k < events.size(); ++k) {
            const auto behind = events.size() - 1 - k;
            const stream_position at{{results[i].version.value - behind}, {results[i].position.value - behind}};
            function(as_recorded(events[k], writes[i].stream.str(), at, recorded_at));
        }
    }
}

// Whether the current exception is an error of this connection about the disk, after which nothing is certain. A
// handler may throw an error of its own, or one of another store.
bool is_of_the_disk(const connection& db) {
    try {
        throw;
    } catch (const error& fault) {
        const bool is_of_a_disk = fault.kind() == error_kind::io || fault.kind() == error_kind::full ||
                                  fault.kind() == error_kind::corrupt || fault.kind() == error_kind::busy;
        return is_of_a_disk && fault.engine_code() != 0 && fault.engine_code() == sqlite3_extended_errcode(db.handle());
    } catch (...) {
        return false;
    }
}

// The current exception as the append throws it: what was rejected as it is, everything else with the event.
std::exception_ptr told_with(const inline_model& model, const recorded_event& event) {
    try {
        throw;
    } catch (const append_rejected&) {
        return std::current_exception();
    } catch (...) {
        try {
            throw_failed_at("nothing of the append is stored: " + model.who(), event);
        } catch (...) {
            return std::current_exception();
        }
    }
}

}  // namespace

std::vector<inline_participant::model_ptr>::iterator inline_participant::find(std::string_view name) {
    return std::ranges::find_if(models_, [&](const auto& model) { return model->name() == name; });
}

bool inline_participant::has(std::string_view name) const {
    return std::ranges::any_of(models_, [&](const auto& model) { return model->name() == name; });
}

void inline_participant::add(const projection_definition& definition, bool rebuild, const inline_options& options) {
    if (has(definition.name) && !rebuild)
        throw error{
            error_kind::invalid_argument,
            fmt::format("{}: the inline projection {} was added before; to apply it again from the first event, "
                        "use inline_projections::rebuild",
                        db_.file(), definition.name)};
    auto model = std::make_unique<inline_model>(db_, records_, definition);
    auto record = records_.find(definition.name);
    if (record && (rebuild || (options.rebuild_changed && record->identity != model->identity()))) {
        records_.remove(definition.name);
        record.reset();
    }
    if (record)
        model->load();
    else
        model->create();
    model->catch_up(store_, store_.head(), options.compare_leaves && !record);
    if (const auto known = find(definition.name); known != models_.end())
        *known = std::move(model);
    else
        models_.push_back(std::move(model));
}

void inline_participant::remove(std::string_view name) {
    if (!records_.find(name) && !has(name))
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: there is no inline projection with the name {}", db_.file(), name)};
    records_.remove(name);
    std::erase_if(models_, [&](const auto& model) { return model->name() == name; });
}

void inline_participant::refresh(position head) {
    for (const auto& model : models_) {
        model->load();
        model->catch_up(store_, head, false);
    }
}

void inline_participant::appended(std::span<const stream_write> writes, std::span<const append_result> results,
                                  timestamp recorded_at) {
    before_.clear();
    for (const auto& model : models_) before_.push_back(model->now());
    for (const auto& model : models_)
        for_each_event(writes, results, recorded_at, [&](const recorded_event& event) {
            try {
                model->apply(event);
            } catch (...) {
                if (is_of_the_disk(db_)) throw;
                for (std::size_t i = 0; i < models_.size(); ++i) models_[i]->set_back(before_[i]);
                throw append_fault{told_with(*model, event)};
            }
        });
}

void inline_participant::finish() {
    for (const auto& model : models_) model->save();
}

}  // namespace stele::inline v0::detail
