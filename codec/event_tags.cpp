#include <stele/codec/detail/event_tags.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;

struct known_tags {
    const Descriptor* type;
    tags_function tags;
};
using tags_table = std::vector<known_tags>;  // in the order of `type`

struct registered_tags {
    const Descriptor* (*type)();
    tags_function tags;
};

// Descriptors can be asked for once main() has begun: until then, what is registered waits. A table that was replaced
// stays: another thread may be looking at it. That happens once, and again when a shared library is loaded.
struct tags_registry {
    process_mutex mutex;
    std::vector<registered_tags> waiting;
    std::atomic<bool> is_waiting = false;
    std::vector<std::unique_ptr<const tags_table>> tables;
    std::atomic<const tags_table*> latest = nullptr;

    const tags_table* table() {
        if (!is_waiting.load(std::memory_order_acquire)) return latest.load(std::memory_order_acquire);
        const std::lock_guard lock(mutex);
        auto next = std::make_unique<tags_table>();
        if (const auto* const before = latest.load()) *next = *before;
        for (const auto& each : waiting) next->push_back({each.type(), each.tags});
        std::ranges::sort(*next, std::ranges::less{}, &known_tags::type);
        const auto twice = std::ranges::unique(*next, {}, &known_tags::type);  // one for each shared library
        next->erase(twice.begin(), twice.end());
        tables.push_back(std::move(next));
        waiting.clear();
        latest.store(tables.back().get(), std::memory_order_release);
        is_waiting.store(false, std::memory_order_release);
        return latest.load();
    }
};

// Made on first use, which is before main().
tags_registry& registry() {
    static auto& known = *new tags_registry;
    return known;
}

}  // namespace

bool register_tags(const Descriptor* (*type)(), tags_function tags) {
    auto& known = registry();
    const std::lock_guard lock(known.mutex);
    known.waiting.push_back({type, tags});
    known.is_waiting.store(true, std::memory_order_release);
    return true;
}

tag_list tags_of_message(const google::protobuf::Message& event) {
    const auto* const table = registry().table();
    if (table == nullptr) return {};
    const auto* const type = event.GetDescriptor();
    const auto found = std::ranges::lower_bound(*table, type, std::ranges::less{}, &known_tags::type);
    if (found == table->end() || found->type != type) return {};
    try {
        return found->tags(event);
    } catch (const error& refused) {
        throw error(refused.kind(), fmt::format("{}: {}", type->full_name(), refused.what()));
    }
}

}  // namespace stele::inline v0::detail
