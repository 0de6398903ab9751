//! What the shared writer locks and flags with: the real things, or those of loom, which runs threads in every order.

#[cfg(not(feature = "loom"))]
pub(crate) use {
    parking_lot::Mutex,
    std::sync::atomic::{AtomicBool, Ordering},
};

#[cfg(feature = "loom")]
pub(crate) use {
    self::checked::Mutex,
    loom::sync::atomic::{AtomicBool, Ordering},
};

#[cfg(feature = "loom")]
mod checked {
    use loom::sync::{self, MutexGuard};

    /// loom's mutex with the interface of the real one.
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("no thread has panicked")
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().expect("no thread has panicked")
        }
    }
}
