#include "projections/generations/rebuild_job.hpp"

#include "projections/generations/generation_checks.hpp"
#include "projections/generations/shadow_file.hpp"

#include <utility>

namespace stele::inline v0::detail {
namespace {

// Whether nothing of it can have been lost, so that one can go on with it.
bool is_whole(generation& shadow) {
    const auto boot = shadow_boot_id(shadow.db());
    if (!boot) return false;
    return shadow.progress().complete || (!boot->empty() && *boot == boot_id());
}

bool is_unfinished(const std::filesystem::path& file) {
    try {
        const auto db = open_read_model(file);
        return !read_record(*db).progress.complete || shadow_boot_id(*db);
    } catch (const error&) {
        return true;  // not even begun, or lost with the power
    }
}

}  // namespace

rebuild_job::rebuild_job(event_store& store, const generation_directory& files, const projection_definition& definition,
                         const projection_identity& identity, const projection_runner_options& options)
    : store_(store),
      files_(files),
      replayer_(store, definition, options, reading::ahead),
      batch_events_(options.batch_events),
      shadow_(resume(identity)) {
    if (!shadow_) begin(definition, identity);
    began_at_ = shadow_->progress().checkpoint;
    target_ = head();
}

// Only the last one is looked at, and any other unfinished one is removed. Complete ones stay until the new one is.
std::optional<generation> rebuild_job::resume(const projection_identity& identity) {
    const auto serving = files_.serving().value();
    std::optional<generation> found;
    for (const auto number : files_.all()) {
        if (number <= serving || !is_unfinished(files_.file(number))) continue;
        try {
            auto shadow = generation::open(files_.file(number));
            expect_same_projection(shadow, identity);
            expect_same_store(shadow, store_);
            if (!found && is_whole(shadow)) {
                if (!shadow.progress().complete) resume_shadow(shadow.db());
                found.emplace(std::move(shadow));
                number_ = number;
                continue;
            }
        } catch (const error& failure) {
            if (failure.kind() == error_kind::busy) throw;
        }
        files_.remove(number);
    }
    return found;
}

void rebuild_job::begin(const projection_definition& definition, const projection_identity& identity) {
    // Above all others, so that who still reads one of them sees that this is another.
    number_ = files_.next();
    shadow_.emplace(generation::create(files_.file(number_), definition, identity));
    begin_shadow(shadow_->db(), boot_id());
}

rebuild_job::~rebuild_job() {
    if (!handler_failed_ || !shadow_) return;
    shadow_.reset();
    try {
        files_.remove(number_);
    } catch (const error&) {
        return;  // the next job removes it
    }
}

bool rebuild_job::apply(patience how) {
    try {
        const bool at_target = replayer_.step(*shadow_, target_, how);
        handler_failed_ = false;
        return at_target;
    } catch (...) {
        handler_failed_ = replayer_.failed_at_event();
        throw;
    }
}

void rebuild_job::end_at(position end) {
    end_ = end;
    target_ = head();
}

bool rebuild_job::step(patience how) {
    if (!apply(how)) return false;
    target_ = head();
    return target_.value <= shadow_->progress().checkpoint.value + batch_events_;
}

rebuild_progress rebuild_job::progress() const {
    rebuild_progress now{.reached = shadow_->progress().checkpoint, .target = target_, .eta = {}};
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    if (now.reached <= began_at_ || took.count() <= 0) return now;
    now.events_per_s = static_cast<double>(now.reached.value - began_at_.value) / took.count();
    const auto left = now.target > now.reached ? now.target.value - now.reached.value : 0;
    now.eta = std::chrono::ceil<std::chrono::seconds>(
        std::chrono::duration<double>(static_cast<double>(left) / now.events_per_s));
    return now;
}

void rebuild_job::sync() {
    sync_file(shadow_->db());
    files_.sync();
}

rebuild_progress rebuild_job::complete(purpose what, patience how) {
    target_ = head();
    while (!apply(how)) {
    }
    sync();
    end_shadow(shadow_->db());
    auto done = shadow_->progress();
    done.complete = true;
    shadow_->begin();
    if (what == purpose::to_wait) forget_shadow(shadow_->db());
    shadow_->commit(done);
    sync_file(shadow_->db());
    return progress();
}

}  // namespace stele::inline v0::detail
