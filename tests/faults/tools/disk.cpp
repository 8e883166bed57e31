#include "faults/tools/disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>

namespace {

constexpr std::size_t sector_bytes = 512;

using random_engine = std::mt19937_64;

bool coin(random_engine& random, double probability = 0.5) {
    return std::bernoulli_distribution{probability}(random);
}

void write(std::string& content, std::size_t offset, std::string_view bytes) {
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
    content.replace(offset, bytes.size(), bytes);
}

void apply_whole(std::string& content, const disk_change& change) {
    if (change.what == disk_change::kind::resized)
        content.resize(change.offset, '\0');
    else
        write(content, change.offset, change.bytes);
}

// Writes only some sectors: the first ones, or any.
void write_torn(std::string& content, const disk_change& change, random_engine& random) {
    const bool in_order = coin(random);
    const double share = std::uniform_real_distribution{}(random);
    const std::size_t end = change.offset + change.bytes.size();
    for (std::size_t at = change.offset; at < end;) {
        const auto next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
        if (coin(random, share))
            write(content, at, std::string_view(change.bytes).substr(at - change.offset, next - at));
        else if (in_order)
            return;
        at = next;
    }
}

std::string survivor(const std::string& safe, const std::vector<const disk_change*>& unsafe, random_engine& random) {
    static constexpr double shares[] = {0, 0.1, 0.5, 0.9, 1};
    const double kept = shares[random() % std::size(shares)];
    std::string content = safe;
    for (const auto* const change : unsafe) {
        const bool is_write = change->what == disk_change::kind::written;
        if (coin(random, kept)) {
            const bool torn = is_write && (change == unsafe.back() || random() % 8 == 0);
            torn ? write_torn(content, *change, random) : apply_whole(content, *change);
        } else if (is_write && coin(random)) {
            // The file has grown, but the bytes are not written yet.
            content.resize(std::max(content.size(), change->offset + change->bytes.size()), '\0');
        }
    }
    return content;
}

std::string_view name_of(disk_change::kind kind) {
    switch (kind) {
        case disk_change::kind::found: return "found";
        case disk_change::kind::made: return "made";
        case disk_change::kind::linked: return "linked";
        case disk_change::kind::renamed: return "renamed";
        case disk_change::kind::removed: return "removed";
        case disk_change::kind::written: return "written";
        case disk_change::kind::resized: return "resized";
        case disk_change::kind::synced: return "synced";
        case disk_change::kind::lost: return "lost";
        case disk_change::kind::directory_synced: return "directory synced";
    }
    return "?";
}

}  // namespace

std::string to_string(const disk_change& change) {
    return fmt::format("{} {} {}+{}", name_of(change.what), std::filesystem::path(change.name).filename().string(),
                       change.offset, change.bytes.size());
}

disk_image read_image(const std::string& file) {
    disk_image image;
    for (const auto* const suffix : {"", "-wal", "-journal"}) {
        std::ifstream in(file + suffix, std::ios::binary);
        if (in) image[file + suffix] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return image;
}

void materialise(const disk_image& image, const std::string& file) {
    for (const auto* const suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(file + suffix);
    for (const auto& [name, content] : image) {
        std::ofstream out(name, std::ios::binary);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        if (!out.flush()) throw std::runtime_error("cannot write " + name);
    }
}

disk_model::disk_model(const disk_image& image) {
    std::size_t number = no_file;
    for (const auto& [name, content] : image) {
        files_[--number] = {name, content, {}};
        safe_names_[name] = number;
    }
}

void disk_model::apply(const disk_change& change) {
    if (change.what == disk_change::kind::found) found_[change.file] = current_names().at(change.name);
    const auto alias = found_.find(change.file);
    const auto number = alias == found_.end() ? change.file : alias->second;
    auto& target = files_[number];
    switch (change.what) {
        case disk_change::kind::found: break;
        case disk_change::kind::made:
            target.name = change.name;
            unsafe_names_.push_back({change.name, number, {}});
            break;
        case disk_change::kind::linked:
        case disk_change::kind::renamed: unsafe_names_.push_back({change.name, number, change.before}); break;
        case disk_change::kind::removed: unsafe_names_.push_back({change.name, no_file, {}}); break;
        case disk_change::kind::written:
        case disk_change::kind::resized: target.unsafe.push_back(&change); break;
        case disk_change::kind::synced:
            for (const auto* const each : target.unsafe) apply_whole(target.safe, *each);
            target.unsafe.clear();
            break;
        case disk_change::kind::lost: target.unsafe.clear(); break;
        case disk_change::kind::directory_synced:
            for (const auto& each : unsafe_names_) rename(safe_names_, each);
            unsafe_names_.clear();
            break;
    }
}

void disk_model::rename(directory& names, const naming& change) {
    if (change.file == no_file)
        names.erase(change.name);
    else
        names[change.name] = change.file;
    if (!change.before.empty()) names.erase(change.before);
}

disk_image disk_model::only_safe() const {
    disk_image image;
    for (const auto& [name, number] : safe_names_) image[name] = files_.at(number).safe;
    return image;
}

disk_model::directory disk_model::current_names() const {
    auto names = safe_names_;
    for (const auto& each : unsafe_names_) rename(names, each);
    return names;
}

disk_image disk_model::everything() const {
    disk_image image;
    for (const auto& [name, number] : current_names()) {
        const auto& source = files_.at(number);
        auto& content = image[name] = source.safe;
        for (const auto* const change : source.unsafe) apply_whole(content, *change);
    }
    return image;
}

disk_image disk_model::random_part(std::uint64_t seed) const {
    random_engine random{seed};
    auto names = safe_names_;
    std::set<std::string> undone;  // later changes of a name cannot survive without the earlier ones
    for (const auto& each : unsafe_names_) {
        if (!undone.contains(each.name) && (each.before.empty() || !undone.contains(each.before)) && coin(random)) {
            rename(names, each);
        } else {
            undone.insert(each.name);
            if (!each.before.empty()) undone.insert(each.before);
        }
    }
    disk_image image;
    for (const auto& [name, number] : names) {
        const auto& source = files_.at(number);
        image[name] = survivor(source.safe, source.unsafe, random);
    }
    return image;
}
