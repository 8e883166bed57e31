// What the hash tree of a store proves, and events that other programs have written.

#include <stele/codec.hpp>
#include <stele/eventstore.hpp>
#include <stele/memory.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using stele::expected_version;

void append(stele::event_store& store, const char* stream, const stele::event_data& event) {
    if (!store.append(stele::stream_id{stream}, expected_version::any(), event)) fmt::print("a conflict\n");
}

void check_history(stele::event_store& store) {
    // [root]
    const auto root = store.root();
    const auto line = fmt::format("{} {}", root.size, root.hash.str());  // to the auditor, at the end of the month
    // [/root]
    append(store, "order-8", {.type = "shop.OrderPlaced", .payload = "rope"});

    // [consistency]
    const auto space = line.find(' ');
    const stele::tree_root kept{.size = {std::stoull(line.substr(0, space))},
                                .hash = stele::tree_hash::parse(line.substr(space + 1)).value()};
    const stele::tree_root now = store.root();
    const auto continues = store.prove_consistency(kept.size, now.size);
    fmt::print("nothing before position {} was changed: {}\n", kept.size.next(),
               stele::verify_consistency(continues, kept, now));
    // [/consistency]

    // [inclusion]
    const auto event = store.find_event(stele::uuid::v5({}, "order 7"));
    const auto proof = store.prove_inclusion(event->position, kept.size);
    fmt::print("{} was in it: {}, by {} hashes\n", event->type,
               stele::verify_inclusion(stele::leaf_hash(event->view()), proof, kept), proof.hashes.size());
    // [/inclusion]

    // [compare]
    fmt::print("{} events, each as it was appended\n", store.count_events({.compare_leaves = true}));
    // [/compare]
}

void take_over(stele::event_store& store) {
    // [foreign]
    const std::vector<stele::event_data> from_the_post{
        {.type = "ParcelSent",
         .payload = R"({"to": "Kiel", "grams": 250})",
         .metadata = R"({"by": "post"})",
         .content = stele::event_content::json,
         .foreign_metadata = true,
         .tags = {"parcel:12"}},
        {.type = "LabelPrinted", .payload = "\x89PNG", .content = stele::event_content::octets}};
    const auto kept = store.append(stele::stream_id{"parcel-12"}, expected_version::any(), from_the_post);
    if (!kept) fmt::print("{}\n", kept.error().message());

    const stele::recorded_schemas schemas{store};
    for (const auto& event : store.read_stream(stele::stream_id{"parcel-12"}).events())
        fmt::print("{}: {}, {}\n", event.type, to_string(event.content), schemas.to_json(event));
    // [/foreign]
}

}  // namespace

int main() {
    stele::memory_store store;
    for (int i = 1; i <= 20; ++i)
        append(store, "order-7", {.id = stele::uuid::v5({}, "order " + std::to_string(i)), .type = "shop.OrderPlaced"});
    check_history(store);
    take_over(store);
}
