//! What the screen shows, and what keys do to it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::columns::{CHANNELS, CLIENTS};
use super::problems::Problems;
use super::rows::Rows;
use super::source::{Answer, Shown, View, Wanted};
use crate::scrape::Scrape;

/// Rates that are kept for the small charts.
const RATES_MAX: usize = 60;
/// Rows that a page is.
const PAGE: isize = 10;

/// What the screen shows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) view: View,
    pub(super) clients: Rows,
    pub(super) channels: Rows,
    /// What needs a look, or why that is not known.
    pub(super) problems: Result<Problems, String>,
    /// The last two scrapes, the later one first.
    pub(super) scrapes: [Option<(Instant, Scrape)>; 2],
    /// Messages in and out in a second, the latest last.
    pub(super) rates: VecDeque<(f64, f64)>,
    /// Why there is no answer, and since when.
    pub(super) lost: Option<(Instant, String)>,
    pub(super) is_paused: bool,
    pub(super) is_typing: bool,
    pub(super) shows_keys: bool,
    is_over: bool,
}

impl Default for State {
    fn default() -> Self {
        State {
            view: View::Overview,
            clients: Rows::new(CLIENTS),
            channels: Rows::new(CHANNELS),
            problems: Ok(Problems::default()),
            scrapes: [None, None],
            rates: VecDeque::new(),
            lost: None,
            is_paused: false,
            is_typing: false,
            shows_keys: false,
            is_over: false,
        }
    }
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns what to ask the broker for.
    pub(super) fn wanted(&self) -> Wanted {
        let order = self.rows().map(Rows::order).unwrap_or_default();
        Wanted { view: self.view, order, is_paused: self.is_paused }
    }

    pub(super) fn rows(&self) -> Option<&Rows> {
        match self.view {
            View::Clients => Some(&self.clients),
            View::Channels => Some(&self.channels),
            View::Overview | View::Problems => None,
        }
    }

    fn rows_mut(&mut self) -> Option<&mut Rows> {
        match self.view {
            View::Clients => Some(&mut self.clients),
            View::Channels => Some(&mut self.channels),
            View::Overview | View::Problems => None,
        }
    }

    /// Takes an answer. What was shown stays while there is none.
    pub(super) fn take(&mut self, answer: Answer) {
        let Answer { at, scrape, shown } = answer;
        match scrape {
            Ok(scrape) => {
                self.lost = None;
                let [latest, before] = &mut self.scrapes;
                *before = latest.replace((at, scrape));
                let rates =
                    (self.rate("rialto_received_total"), self.rate("rialto_delivered_total"));
                self.rates.push_back(rates);
                if RATES_MAX < self.rates.len() {
                    self.rates.pop_front();
                }
            }
            Err(problem) => {
                let since = self.lost.take().map_or(at, |(since, _)| since);
                self.lost = Some((since, problem));
            }
        }
        match shown {
            Some(Shown::Clients(listed)) => self.clients.take(listed),
            Some(Shown::Channels(listed)) => self.channels.take(listed),
            Some(Shown::Problems(problems)) => self.problems = *problems,
            None => {}
        }
    }

    pub(super) fn latest(&self) -> Option<&Scrape> {
        self.scrapes[0].as_ref().map(|(_, scrape)| scrape)
    }

    /// Returns by how much a counter grew in a second, between the last two scrapes.
    pub(super) fn rate(&self, counter: &str) -> f64 {
        let [Some((now, latest)), Some((then, before))] = &self.scrapes else { return 0.0 };
        let seconds = now.duration_since(*then).max(Duration::from_millis(1)).as_secs_f64();
        // A broker that has begun anew has counted less.
        (latest.sum(counter) - before.sum(counter)).max(0.0) / seconds
    }

    pub(super) fn press(&mut self, key: KeyEvent) {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            self.is_over = true;
        } else if self.is_typing {
            self.type_filter(key.code);
        } else if self.shows_keys {
            self.shows_keys = false;
        } else {
            self.command(key.code);
        }
    }

    fn type_filter(&mut self, key: KeyCode) {
        let Some(rows) = self.rows_mut() else { return };
        match key {
            KeyCode::Char(letter) => rows.filter_mut().push(letter),
            KeyCode::Backspace => _ = rows.filter_mut().pop(),
            KeyCode::Esc => {
                rows.filter_mut().clear();
                self.is_typing = false;
            }
            KeyCode::Enter => self.is_typing = false,
            _ => {}
        }
        self.mark(0);
    }

    fn command(&mut self, key: KeyCode) {
        match key {
            KeyCode::Char('q') | KeyCode::F(10) => self.is_over = true,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.shows_keys = true,
            KeyCode::Char('1') => self.view = View::Overview,
            KeyCode::Char('2') => self.view = View::Clients,
            KeyCode::Char('3') => self.view = View::Channels,
            KeyCode::Char('4') => self.view = View::Problems,
            KeyCode::Tab => {
                self.view = match self.view {
                    View::Overview => View::Clients,
                    View::Clients => View::Channels,
                    View::Channels => View::Problems,
                    View::Problems => View::Overview,
                }
            }
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('/') => self.is_typing = self.rows().is_some(),
            KeyCode::Up => self.mark(-1),
            KeyCode::Down => self.mark(1),
            KeyCode::PageUp => self.mark(-PAGE),
            KeyCode::PageDown => self.mark(PAGE),
            KeyCode::Home => self.mark(isize::MIN),
            KeyCode::End => self.mark(isize::MAX),
            key => self.sort(key),
        }
    }

    fn sort(&mut self, key: KeyCode) {
        let Some(rows) = self.rows_mut() else { return };
        match key {
            KeyCode::Right | KeyCode::Char('>') => rows.sort_by_next(true),
            KeyCode::Left | KeyCode::Char('<') => rows.sort_by_next(false),
            KeyCode::Char('r') => rows.reverse(),
            KeyCode::Esc => rows.filter_mut().clear(),
            _ => {}
        }
    }

    fn mark(&mut self, steps: isize) {
        if let Some(rows) = self.rows_mut() {
            rows.mark(steps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(at: Instant, received: u64) -> Answer {
        let page =
            format!("rialto_build_info{{version=\"1\"}} 1\nrialto_received_total {received}\n");
        Answer { at, scrape: Ok(Scrape::parse(&page).unwrap()), shown: None }
    }

    #[test]
    fn rates_are_what_was_counted_between_two_answers() {
        let mut state = State::default();
        let began = Instant::now();
        state.take(answer(began, 100));
        assert_eq!(state.rate("rialto_received_total"), 0.0);
        state.take(answer(began + Duration::from_secs(2), 120));
        assert_eq!(state.rate("rialto_received_total"), 10.0);
        // It has begun anew.
        state.take(answer(began + Duration::from_secs(3), 5));
        assert_eq!(state.rates, [(0.0, 0.0), (10.0, 0.0), (0.0, 0.0)]);
    }

    #[test]
    fn what_was_shown_stays_while_the_broker_is_lost() {
        let mut state = State::default();
        let began = Instant::now();
        state.take(answer(began, 1));
        let lost = |at| Answer { at, scrape: Err("no answer".to_owned()), shown: None };
        state.take(lost(began + Duration::from_secs(1)));
        state.take(lost(began + Duration::from_secs(2)));
        assert_eq!(state.lost.as_ref().unwrap().0, began + Duration::from_secs(1));
        assert!(state.latest().is_some());
        state.take(answer(began + Duration::from_secs(3), 2));
        assert!(state.lost.is_none());
    }

    #[test]
    fn keys_do_what_the_help_says() {
        let mut state = State::default();
        let mut press = |code: KeyCode| {
            state.press(KeyEvent::new(code, KeyModifiers::NONE));
            (state.view, state.wanted().is_paused, state.clients.filter().to_owned())
        };
        assert_eq!(press(KeyCode::Char('2')).0, View::Clients);
        press(KeyCode::Char('/'));
        press(KeyCode::Char('3'));
        assert_eq!(press(KeyCode::Char('q')), (View::Clients, false, "3q".to_owned()));
        press(KeyCode::Enter);
        assert!(press(KeyCode::Char(' ')).1);
        assert_eq!(press(KeyCode::Tab).0, View::Channels);
        assert_eq!(press(KeyCode::Tab).0, View::Problems);
        assert_eq!(press(KeyCode::Char('4')).0, View::Problems);
        assert!(!state.is_over());
        state.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(state.is_over());
    }
}
