#include "contract/naive/play.hpp"

#include "contract/naive/answers.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <fmt/format.h>

#include <stdexcept>

using stele::stream_id;

stele::event_store& play::store(opener which) {
    auto& open = open_[stage_.in_memory ? opener::first : which];
    if (open) return *open;
    if (stage_.in_memory) {
        open = std::make_unique<stele::memory_store>(stage_.options.limits, clock_.reader());
        return *open;
    }
    auto options = stage_.options;
    options.now = clock_.reader();
    open = std::make_unique<stele::sqlite_store>(which == opener::reader
                                                     ? stele::sqlite_store::open_read_only(directory_ / file_, options)
                                                     : stele::sqlite_store::open(directory_ / file_, options));
    return *open;
}

void play::compare(const std::string& what, const std::string& got, const std::string& expected) {
    script_ += what + '\n';
    if (got != expected)
        throw std::runtime_error(
            fmt::format("{}\nthe store says\n{}\ninstead of\n{}\nafter\n{}", what, got, expected, script_));
}

void play::back_up(bool goes_on_with_it) {
    if (stage_.in_memory) return;
    const auto name = fmt::format("backup-{}.db", ++backups_);
    sqlite(any_writer())->backup(directory_ / name);
    script_ += "back up\n";
    if (goes_on_with_it) {
        open_.clear();
        file_ = name;
        return;
    }
    auto options = stage_.options;
    options.now = clock_.reader();
    auto copy = stele::sqlite_store::open_read_only(directory_ / name, options);
    compare("read backup", text_of(copy.read_all()), naive_.read_all({}));
    for (const auto* const stream : stream_names)
        compare("read backup", text_of(copy.read_stream(stream_id{stream})), naive_.read_stream(stream, {}));
}

void play::verify() {
    if (stage_.in_memory) return;
    const auto found = sqlite(any_reader())->verify();
    std::string damage;
    for (const auto& each : found.damage) damage += each + '\n';
    compare("verify", damage, "");
}

void play::perform(const operation& next) {
    using kind = operation::kind;
    random_.seed(next.seed);
    if (random() % 2 == 0) clock_.advance(std::chrono::seconds{1});
    switch (next.what) {
        case kind::append: append(); break;
        case kind::append_several: append_several(); break;
        case kind::append_async: append_async(); break;
        case kind::repeat: repeat(); break;
        case kind::add_tags: add_tags(); break;
        case kind::step_tagging: step_tagging(); break;
        case kind::truncate: remove(stele::stream_removal::truncate); break;
        case kind::erase: remove(stele::stream_removal::erase); break;
        case kind::tombstone: remove(stele::stream_removal::tombstone); break;
        case kind::read_stream: read_stream(); break;
        case kind::read_all: read_all(); break;
        case kind::find_event:
        case kind::find_stream: ask(); break;
        case kind::list_streams: list_streams(); break;
        case kind::position_at: position_at(); break;
        case kind::read_everything: read_everything(any_reader()); break;
        case kind::reopen:
            script_ += "reopen\n";
            if (!stage_.in_memory) open_.erase(any_reader());
            break;
        case kind::back_up: back_up(false); break;
        case kind::restore: back_up(true); break;
        case kind::compact:
            script_ += "compact\n";
            if (!stage_.in_memory) sqlite(any_writer())->compact();
            break;
        case kind::verify: verify(); break;
    }
}

void play::check_everything() {
    store(opener::first);
    for (const auto which : {opener::first, opener::second, opener::reader}) read_everything(which);
    if (stage_.in_memory) return;
    verify();
    open_.clear();
    for (const auto which : {opener::reader, opener::first}) read_everything(which);
}
