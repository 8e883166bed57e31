#include "structure/wings.hpp"

#include <string>

namespace {

bool is_below(std::string_view path, std::string_view folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

const wing* wing_of(std::string_view path) {
    constexpr std::string_view include = "include/";
    if (path.starts_with(include)) path.remove_prefix(include.size());
    constexpr std::string_view stele = "stele/";
    if (path.starts_with(stele)) path.remove_prefix(stele.size());
    const wing* found = nullptr;
    for (const auto& each : wings) {
        if (path == std::string(each.name) + ".hpp") return &each;
        // An engine's folder lies in that of the event store: the longest folder counts.
        if (is_below(path, each.folder) && (!found || each.folder.size() > found->folder.size())) found = &each;
    }
    return found;
}

bool may_include(const wing& from, const wing& to) {
    if (&from == &to) return true;
    return to.floor < from.floor && (!to.engine || from.uses == to.name);
}
