#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a disk holds after a power cut, computed from the changes that a program made to its files.
///
/// A change is safe once its file has been synced; the name of a file (that it was made or removed) is safe once the
/// directory has been synced. The cut may undo everything else, in any combination. Writes reach the disk in sectors of
/// 512 bytes, each whole or not at all, and never touch bytes beside the ones written (SQLite calls the latter
/// "powersafe overwrite" and relies on it by default).

/// One change to the files of a directory.
struct disk_change {
    enum class kind : std::uint8_t {
        found,             ///< The file was opened, and had been there at the beginning.
        made,              ///< A new, empty file got the name.
        linked,            ///< A file that is there got a further name.
        renamed,           ///< It got this name in place of `before`, and of the file that had it.
        removed,           ///< The name is gone.
        written,           ///< `bytes` were written at `offset`.
        resized,           ///< The file now has `offset` bytes.
        synced,            ///< All changes to the file's bytes are safe.
        lost,              ///< A sync failed: the unsynced changes can never become safe, also not by the next sync.
        directory_synced,  ///< All names are safe.
    };

    kind what;
    /// The number of the file. Files that have the same name one after the other have different numbers.
    std::size_t file = 0;
    std::string name = {};
    std::size_t offset = 0;
    std::string bytes = {};
    std::string before = {};
};

/// For error messages: "written events.db-wal 4152+4096".
std::string to_string(const disk_change& change);

/// Files by name.
using disk_image = std::map<std::string, std::string>;

/// Replaces the store at `file`, and SQLite's files beside it, by the files of the image.
void materialise(const disk_image& image, const std::string& file);

/// The file, and the existing ones of SQLite's files beside it.
disk_image read_image(const std::string& file);

/// The disk at one instant: what is safe, and what is not yet. Refers to the bytes of the given changes.
class disk_model {
public:
    /// An empty disk.
    disk_model() = default;
    /// A disk that holds the image, all safe.
    explicit disk_model(const disk_image& image);

    /// Files are identified by their numbers, except those that were `found`: by their names.
    void apply(const disk_change& change);

    /// Only what is safe has survived.
    [[nodiscard]] disk_image only_safe() const;
    /// Everything has survived, as after a crash of the process alone.
    [[nodiscard]] disk_image everything() const;
    /// A random part has survived; the same seed gives the same part. A file's last write, and some others, are torn.
    [[nodiscard]] disk_image random_part(std::uint64_t seed) const;

private:
    struct file {
        std::string name;
        std::string safe;
        std::vector<const disk_change*> unsafe;
    };
    struct naming {
        std::string name;
        std::size_t file;    // or no_file
        std::string before;  // a name that it had until then
    };
    using directory = std::map<std::string, std::size_t>;
    static constexpr std::size_t no_file = ~std::size_t{0};

    static void rename(directory& names, const naming& change);
    [[nodiscard]] directory current_names() const;

    std::map<std::size_t, file> files_;
    std::map<std::size_t, std::size_t> found_;  // other numbers of files
    directory safe_names_;
    std::vector<naming> unsafe_names_;
};
