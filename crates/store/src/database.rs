//! The one gate to the database file: one writer, a bounded number of readers.

use crate::{
    Error, Key, Reading, Result, Writing, people, schema,
    stamp::Stamp,
    station::{self, NewStation},
};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Instructions of SQLite between two looks whether a long question is to end.
const INSTRUCTIONS_BETWEEN: std::os::raw::c_int = 100_000;

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most questions answered at the same time.
    pub readers: usize,
    /// How long to wait for another process's lock, or for a free reader, before giving up.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, patience: Duration::from_secs(5) }
    }
}

/// An open database.
///
/// Writes are made one after the other, each a transaction that is on the disk when it returns. Reads see one moment
/// and never wait for a write.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    key: Option<Key>,
    options: Options,
    writer: Mutex<Connection>,
    readers: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    open: usize,
}

impl Database {
    /// Makes the database of a new station. It carries its name only when it is whole.
    pub fn create(path: &Path, key: Option<&Key>, new: &NewStation, stamp: &Stamp) -> Result<Self> {
        Self::create_with(path, key, new, stamp, Options::default())
    }

    /// [`Self::create`], used in another way.
    pub fn create_with(
        path: &Path,
        key: Option<&Key>,
        new: &NewStation,
        stamp: &Stamp,
        options: Options,
    ) -> Result<Self> {
        refuse_existing(path)?;
        let unfinished = beside(path, ".creating");
        remove_all(&unfinished)?;
        {
            let mut connection = connect(&unfinished, key, options, OpenFlags::SQLITE_OPEN_CREATE)?;
            connection.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
            schema::migrate(&mut connection)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let writing = Writing::new(&transaction, stamp);
            station::insert(&writing, new)?;
            people::seal_shipped_roles(&writing)?;
            transaction.commit()?;
            checkpoint(&connection)?;
        }
        put_in_place(&unfinished, path)?;
        Self::open_with(path, key, options)
    }

    /// Opens a database, bringing an older one to this release's schema.
    pub fn open(path: &Path, key: Option<&Key>) -> Result<Self> {
        Self::open_with(path, key, Options::default())
    }

    /// [`Self::open`], used in another way.
    pub fn open_with(path: &Path, key: Option<&Key>, options: Options) -> Result<Self> {
        check_header(path, key)?;
        let mut writer = connect(path, key, options, OpenFlags::empty()).map_err(|e| key_error(e, path, key))?;
        schema::check(&writer, path).map_err(|e| key_error(e, path, key))?;
        schema::migrate(&mut writer)?;
        Ok(Self {
            path: path.to_owned(),
            key: key.cloned(),
            options: Options { readers: options.readers.max(1), ..options },
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub(crate) fn options(&self) -> Options {
        self.options
    }

    /// Does all of `work`, durably, or none of it: an error, or a panic, leaves the database as it was.
    ///
    /// Calling [`Self::write`] within `work` would wait for itself; everything to be read is read through [`Writing`].
    pub fn write<T, E: From<Error>>(
        &self,
        stamp: &Stamp,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
        let done = work(&Writing::new(&transaction, stamp))?;
        transaction.commit().map_err(Error::from)?;
        Ok(done)
    }

    /// Whether somebody else keeps the database from being written for as long as this.
    pub fn is_locked(&self, patience: Duration) -> Result<bool> {
        let mut connection = lock(&self.writer);
        connection.busy_timeout(patience)?;
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate).map(drop);
        connection.busy_timeout(self.options.patience)?;
        match begun.map_err(Error::from) {
            Ok(()) => Ok(false),
            Err(Error::Locked) => Ok(true),
            Err(other) => Err(other),
        }
    }

    /// Answers a question from one moment of the database.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Reading<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut borrowed = self.borrow()?;
        let transaction = borrowed.connection()?.transaction().map_err(Error::from)?;
        work(&Reading::new(&transaction))
    }

    /// The same for a long question, ended with [`Error::Cancelled`] soon after `stop` is set; what it found by then is
    /// thrown away.
    pub(crate) fn read_until<T>(&self, stop: &Arc<AtomicBool>, work: impl FnOnce(&Reading<'_>) -> T) -> Result<T> {
        let mut borrowed = self.borrow()?;
        let connection = borrowed.connection()?;
        let asked = Arc::clone(stop);
        connection.progress_handler(INSTRUCTIONS_BETWEEN, Some(move || asked.load(Ordering::Relaxed)))?;
        let answer = connection.transaction().map(|transaction| work(&Reading::new(&transaction)));
        connection.progress_handler(0, None::<fn() -> bool>)?;
        if stop.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(answer?) }
    }

    fn borrow(&self) -> Result<Borrowed<'_>> {
        let mut pool = lock(&self.readers);
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok(Borrowed { from: self, connection: Some(connection) });
            }
            if pool.open < self.options.readers {
                pool.open += 1;
                drop(pool);
                // Made before the connection is: when opening fails, its drop gives the place back.
                let mut borrowed = Borrowed { from: self, connection: None };
                let connection = connect(&self.path, self.key.as_ref(), self.options, OpenFlags::empty())?;
                connection.pragma_update(None, "query_only", true)?;
                borrowed.connection = Some(connection);
                return Ok(borrowed);
            }
            let (waited, timeout) =
                self.freed.wait_timeout(pool, self.options.patience).unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && waited.idle.is_empty() {
                return Err(Error::Busy);
            }
            pool = waited;
        }
    }
}

/// A reader on loan; it returns to the pool whatever happens.
struct Borrowed<'d> {
    from: &'d Database,
    connection: Option<Connection>,
}

impl Borrowed<'_> {
    fn connection(&mut self) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or(Error::Busy)
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut pool = lock(&self.from.readers);
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.open -= 1,
        }
        drop(pool);
        self.from.freed.notify_one();
    }
}

/// A panic in someone's work has rolled its transaction back, so the connection behind a poisoned lock is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn connect(path: &Path, key: Option<&Key>, options: Options, more: OpenFlags) -> Result<Connection> {
    // One thread at a time has a connection, so SQLite need not lock it as well.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| match Error::from(e) {
        Error::Sqlite(why) => Error::Io { path: path.to_owned(), why },
        other => other,
    })?;
    if let Some(key) = key {
        // Its own words about a wrong key go to standard error otherwise; ours go to who asked.
        connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
        connection.execute_batch(&key.pragma())?;
    }
    connection.busy_timeout(options.patience)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768;
         PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(|error| match error.sqlite_error_code() {
            // The file itself could be opened: it is its log that cannot be made beside it.
            Some(ErrorCode::CannotOpen) => Error::ReadOnly,
            _ => Error::from(error),
        })?;
    Ok(connection)
}

/// Moves everything from the write-ahead log into the file and empties the log.
pub(crate) fn checkpoint(connection: &Connection) -> Result<()> {
    let blocked: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if blocked == 0 { Ok(()) } else { Err(Error::Locked) }
}

/// Tells from the first bytes what SQLite would only call "not a database".
pub(crate) fn check_header(path: &Path, key: Option<&Key>) -> Result<()> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Error::Missing(path.to_owned())),
        other => other.map_err(|e| Error::io(path, &e))?,
    };
    let mut head = Vec::with_capacity(16);
    file.by_ref().take(16).read_to_end(&mut head).map_err(|e| Error::io(path, &e))?;
    if head.len() < 16 {
        return Err(Error::Damaged(format!("{} ends after {} bytes", path.display(), head.len())));
    }
    match (head == b"SQLite format 3\0", key) {
        (true, Some(_)) => Err(Error::NotEncrypted(path.to_owned())),
        (false, None) => Err(Error::KeyNeeded(path.to_owned())),
        _ => Ok(()),
    }
}

/// An encrypted file whose first page cannot be read has another key, as far as anyone can tell.
pub(crate) fn key_error(error: Error, path: &Path, key: Option<&Key>) -> Error {
    match error {
        Error::Damaged(text) if key.is_some() && text.contains("not a database") => Error::WrongKey(path.to_owned()),
        other => other,
    }
}

pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Refuses a place where a database lies, or the log of one: SQLite would play an old log into a new file.
pub(crate) fn refuse_existing(path: &Path) -> Result<()> {
    for taken in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        if taken.symlink_metadata().is_ok() {
            return Err(Error::AlreadyExists(taken));
        }
    }
    Ok(())
}

/// Removes what an interrupted attempt left.
pub(crate) fn remove_all(path: &Path) -> Result<()> {
    for left in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal")] {
        match std::fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&left, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// Gives a finished, closed file its name, durably.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> Result<()> {
    let synced = |path: &Path| File::open(path).and_then(|file| file.sync_all()).map_err(|e| Error::io(path, &e));
    // Closing the last connection has emptied and removed the log.
    synced(from)?;
    refuse_existing(to)?;
    std::fs::rename(from, to).map_err(|e| Error::io(to, &e))?;
    if cfg!(unix)
        && let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        synced(folder)?;
    }
    Ok(())
}
